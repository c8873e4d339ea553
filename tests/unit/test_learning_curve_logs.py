"""Logs of training, ours and other tools', become curves.

In: small logs written here. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipdetect.errors import DataError
from slipdetect.lab.train.learning_curves import Curve, read_curves
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.records import epochs_csv

SEED_TRAIN = """Epoch,Batch Time,Data Time,Loss,Prec@1,Prec@5,lr
0,3.535,0.158,0.71131,66.6667,100.0,0.001
1,2.709,0.144,0.37908,85.4342,100.0,0.001
"""
SEED_TEST = """Epoch,Batch Time,Loss,Prec@1,Prec@5
0,0.315,3.310960054397583,71.186,100.0
1,0.289,2.8534700870513916,77.966,100.0
"""


def _curves(*runs: Path) -> dict[tuple[str, str, str], tuple[tuple[int, float], ...]]:
    return {(c.run, c.part, c.metric): c.points for c in read_curves(runs)}


def _jsonl(folder: Path, modality: str, epochs: int, **more: object) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "metrics.jsonl").open("a") as stream:
        for epoch in range(epochs):
            line = {
                "modality": modality,
                "epoch": epoch,
                "train_loss": 0.5 - 0.1 * epoch,
                "train_accuracy": 0.75,
                "val_loss": None,
                "val_accuracy": None,
                "val_auc": 0.9,
                "lr": 0.01,
                **more,
            }
            stream.write(json.dumps(line) + "\n")


def test_the_seed_logs_are_one_run_in_shares_from_epoch_1(tmp_path: Path) -> None:
    (tmp_path / "rgb_train.csv").write_text(SEED_TRAIN)
    (tmp_path / "rgb_test.csv").write_text(SEED_TEST)
    expected = {
        ("rgb", "training", "loss"): ((1, 0.71131), (2, 0.37908)),
        ("rgb", "training", "accuracy"): ((1, 66.6667 / 100), (2, 85.4342 / 100)),
        ("rgb", "validation", "loss"): ((1, 3.310960054397583), (2, 2.8534700870513916)),
        ("rgb", "validation", "accuracy"): ((1, 71.186 / 100), (2, 77.966 / 100)),
    }
    assert _curves(tmp_path / "rgb_train.csv", tmp_path / "rgb_test.csv") == expected
    assert _curves(tmp_path) == expected


def test_our_own_log_has_a_run_per_modality_and_may_gain_keys(tmp_path: Path) -> None:
    _jsonl(tmp_path / "a", "rgb", 2, seconds=3.0, note="new", val_mean_class_accuracy=0.3)
    _jsonl(tmp_path / "a", "flow", 1, val_accuracy=0.875)
    found = _curves(tmp_path / "a")
    assert found["rgb", "training", "loss"] == ((1, 0.5), (2, 0.4))
    assert found["flow", "validation", "accuracy"] == ((1, 0.875),)
    assert ("rgb", "validation", "accuracy") not in found  # there were None only
    assert {metric for _, _, metric in found} == {"loss", "accuracy"}


def _table(path: Path, histories: dict[str, int], first: str = "modality") -> None:
    """Write what ``_jsonl`` writes as a table."""
    epochs = {
        label: [EpochMetrics(k, 0.5 - 0.1 * k, 0.75, None, None, 0.9, 0.01) for k in range(count)]
        for label, count in histories.items()
    }
    path.write_text(epochs_csv(epochs, first), newline="")


def test_S35_our_own_table_is_the_same_run_as_our_own_log(tmp_path: Path) -> None:
    _jsonl(tmp_path / "a", "rgb", 2)
    _jsonl(tmp_path / "a", "flow", 3)
    expected = _curves(tmp_path / "a")
    assert set(expected) == {
        (run, "training", metric) for run in ("rgb", "flow") for metric in ("loss", "accuracy")
    }
    table = tmp_path / "a" / "curves.csv"
    _table(table, {"rgb": 2, "flow": 3})
    assert _curves(table) == expected
    assert _curves(tmp_path / "a", table) == expected
    (tmp_path / "a" / "metrics.jsonl").unlink()
    (tmp_path / "a" / "predictions.csv").write_text("clip\nx\n")
    assert _curves(tmp_path / "a") == expected
    # a spreadsheet saves it so, under a name of its own
    text = table.read_text().replace("\r\n", "\n").replace("0.5,", '"0.5",')
    (tmp_path / "mine.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert _curves(tmp_path / "mine.csv") == expected


def test_tables_of_runs_are_told_apart_by_folder_or_name(tmp_path: Path) -> None:
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        _table(tmp_path / run / "curves.csv", {"rgb": 1})
    both = [tmp_path / run / "curves.csv" for run in ("first", "second")]
    assert {run for run, _, _ in _curves(*both)} == {"first/rgb", "second/rgb"}
    _table(tmp_path / "a.csv", {"rgb": 1})
    _table(tmp_path / "b.csv", {"rgb": 1})
    names = {run for run, _, _ in _curves(tmp_path / "a.csv", tmp_path / "b.csv")}
    assert names == {"a/rgb", "b/rgb"}


def test_a_column_run_holds_several_runs(tmp_path: Path) -> None:
    _table(tmp_path / "segments-epochs.csv", {"1 segment": 2, "3 segments": 3}, "run")
    found = _curves(tmp_path / "segments-epochs.csv")
    assert found["1 segment", "training", "loss"] == ((1, 0.5), (2, 0.4))
    assert found["3 segments", "training", "loss"] == ((1, 0.5), (2, 0.4), (3, 0.3))


def test_runs_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for run in ("first", "second"):
        _jsonl(tmp_path / run, "rgb", 1)
    names = {run for run, _, _ in _curves(tmp_path / "first", tmp_path / "second")}
    assert names == {"first/rgb", "second/rgb"}


def test_an_epoch_that_was_done_again_counts_once_the_last_time(tmp_path: Path) -> None:
    _jsonl(tmp_path, "rgb", 3)
    _jsonl(tmp_path, "rgb", 1, train_loss=0.25)
    assert _curves(tmp_path)["rgb", "training", "loss"] == ((1, 0.25), (2, 0.4), (3, 0.3))


@pytest.mark.parametrize(
    ("name", "header", "part", "metric"),
    [
        ("x.csv", "epoch,val_acc", "validation", "accuracy"),
        ("x.csv", "Epoch,validLoss", "validation", "loss"),
        ("x.csv", "epochs,Training Loss", "training", "loss"),
        ("x-val.csv", "EPOCH,Top-1 accuracy (%)", "validation", "accuracy"),
        ("train.csv", "\ufeffEpoch,prec1", "training", "accuracy"),
        ("log.csv", "epoch,loss", "", "loss"),
    ],
)
def test_headers_of_other_tools(
    tmp_path: Path, name: str, header: str, part: str, metric: str
) -> None:
    (tmp_path / name).write_text(f"{header}\n1,0.5\n2,0.25\n", encoding="utf-8")
    (curve,) = read_curves([tmp_path / name])
    assert (curve.part, curve.metric) == (part, metric)
    assert curve.points == ((1, 0.5), (2, 0.25))


@pytest.mark.parametrize("header", ["epoch,prec@5", "epoch,top5 acc", "epoch,auc", "loss,acc", "a"])
def test_other_figures_are_not_taken_for_accuracy(tmp_path: Path, header: str) -> None:
    (tmp_path / "x.csv").write_text(f"{header}\n1,2\n")
    with pytest.raises(DataError, match="needs a header with epoch and loss or accuracy"):
        read_curves([tmp_path / "x.csv"])


def test_percent_is_decided_by_the_whole_curve(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("epoch,acc\n1,0.5\n2,80\n")
    (curve,) = read_curves([tmp_path / "x.csv"])
    assert curve.points == ((1, 0.005), (2, 0.8))


def test_gaps_and_nan_are_kept_out_or_kept_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("epoch,train_loss,val_loss\n1,0.5,\n2,nan,0.25\n")
    found = _curves(tmp_path / "x.csv")
    assert found["x", "validation", "loss"] == ((2, 0.25),)
    assert [str(value) for _, value in found["x", "training", "loss"]] == ["0.5", "nan"]


def test_half_a_last_line_of_a_run_that_goes_on_is_left_out(tmp_path: Path) -> None:
    _jsonl(tmp_path, "rgb", 2)
    with (tmp_path / "metrics.jsonl").open("a") as stream:
        stream.write('{"modality": "rgb", "epo')
    assert len(_curves(tmp_path)["rgb", "training", "loss"]) == 2


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.csv", b"epoch,loss\n1,much\n", "'much' is not a number"),
        ("x.csv", b"epoch,loss\n1.5,1\n", "1.5 is not an epoch"),
        ("x.csv", b"epoch,loss\n-1,1\n", "-1 is not an epoch"),
        ("x.csv", b"", "not none"),
        ("x.csv", b"epoch,loss\n1," + b"1" * 200_000 + b"\n", "is not CSV: field larger than"),
        ("x.csv", b"run,epoch,loss\na,1,1\nb,1,1\na,2,much\n", "row 3: 'much'"),
        ("x.csv", b"epoch,loss\n1,\n", "no figures in"),
        ("x.csv", b"epoch,loss\n", "no figures in .*; has an epoch ended"),
        ("x.csv", b"epoch,speed\n", "not epoch, speed"),
        ("x.csv", b"\xff\xfe\x00", "not UTF-8 text"),
        ("x.csv", b"a\x00b", "not text"),
        ("x.jsonl", b"{\n{}\n", "line 1 is not JSON"),
        ("x.jsonl", b"[1]\n", "line 1 is not an object"),
        ("x.jsonl", b'{"epoch": 0, "train_loss": [1]}\n', "is not a number"),
    ],
)
def test_bad_logs_are_refused_in_a_line(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_curves([tmp_path / name])
    assert "\n" not in str(caught.value)


def test_missing_logs_say_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither metrics.jsonl nor a CSV log"):
        read_curves([tmp_path])
    (tmp_path / "metrics.jsonl").write_text("")
    with pytest.raises(DataError, match="has an epoch ended"):
        read_curves([tmp_path])
    with pytest.raises(DataError, match="No such file"):
        read_curves([tmp_path / "gone.csv"])


def test_a_curve_without_points_is_none(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("epoch,loss,acc\n1,0.5,\n")
    assert read_curves([tmp_path / "x.csv"]) == [Curve("x", "", "loss", ((1, 0.5),))]
