"""``reproduce omnifall``: staged or synthetic falls are trained on, those in the wild tested on.

In: a small tree in OmniFall's layout, a tiny network. Out: nothing but assertions.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect import backbones
from slipdetect.errors import DataError
from slipdetect.lab.evaluate.predictions import ClipPrediction, read_predictions
from slipdetect.lab.omnifall.command import scored_segments
from slipdetect.lab.omnifall.figures import figures, figures_page, segment_score
from slipdetect.lab.omnifall.protocol import Protocol
from slipdetect.lab.prepare.omnifall import read_segments
from slipdetect.video import write_video
from tiny_clips import create_tiny, picture

HEAD = "path,label,start,end,subject,cam,dataset\n"
RATE, SECONDS = 10.0, 2.4
# what is done in a clip in which the square falls, and in one in which it does not
FALLS = (("walk", 0.0, 0.6), ("fall", 0.6, 1.8), ("fallen", 1.8, 2.4))
SITS = (("standing", 0.0, 0.6), ("sit_down", 0.6, 1.8), ("sitting", 1.8, 2.4))
TINY = (
    *("--recipe", "two-stream-rgb"),
    *("--set", "backbone=resnet18", "--set", "weights=none", "--set", "input_size=32"),
    *("--set", "epochs=1", "--set", "batch_size=2", "--set", "windows_per_epoch=2"),
    *("--set", "window=0.8", "--set", "num_segments=2"),
)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight staged clips of four subjects and two cameras, four synthetic ones, four wild."""
    folder = tmp_path_factory.mktemp("omnifall")
    for dataset, count in (("le2i", 8), ("of-syn", 4), ("OOPS", 4)):
        lines = []
        for seed in range(count):
            falls = seed % 2 == 0
            path = folder / dataset / "video" / f"a/{seed}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            times = np.arange(0, SECONDS, 1 / RATE)
            write_video(path, [picture(falls, t, seed + 10 * count) for t in times], RATE)
            known = f"{seed // 2},{seed % 4 // 2}" if dataset == "le2i" else "-1,-1"
            for name, start, end in FALLS if falls else SITS:
                lines.append(f"a/{seed},{name},{start},{end},{known},{dataset}\n")
        (folder / f"{dataset}.csv").write_text(HEAD + "".join(lines))
    return folder


@pytest.fixture
def reproduce(
    run: Any, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Run the command over files of the tree, with a network that costs nothing."""
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    monkeypatch.setattr("slipdetect.lab.train.records.draw_curves", lambda *args, **options: None)

    def call(files: str, *options: object, videos: Path = root) -> Any:
        named = [str(root / name) if "=" not in name else name for name in files.split()]
        out = ("--videos", videos, "--out", tmp_path / "out")
        return run("reproduce", "omnifall", *named, *out, *TINY, *options)

    return call


def splits(file: Path) -> dict[str, set[str]]:
    """Return the parts of a split, by data set and subject."""
    found: dict[str, set[str]] = {}
    with file.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found.setdefault(row["group"], set()).add(row["split"])
    return found


def by_hand(predictions: list[ClipPrediction], name: str) -> tuple[int, int, int, int]:
    """Return called and all of a class, and called and all of the others, in plain loops."""
    counts = [0, 0, 0, 0]
    for item in predictions:
        for label, start, end in FALLS if item.positive else SITS:
            inside = [p for a, b, p in item.windows if start <= (a + b) / 2 <= end]
            if not inside:
                distances = [abs((a + b) / 2 - (start + end) / 2) for a, b, _ in item.windows]
                inside = [item.windows[distances.index(min(distances))][2]]
            place = 0 if label == name else 2
            counts[place] += max(inside) >= 0.5
            counts[place + 1] += 1
    return counts[0], counts[1], counts[2], counts[3]


def test_staged_falls_are_trained_on_and_those_in_the_wild_tested_on(
    reproduce: Any, tmp_path: Path
) -> None:
    result = reproduce("le2i.csv of-syn.csv OOPS.csv")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    data = json.loads((out / "results.json").read_text())
    assert data["facts"] == {
        **{"trained_on": "staged", "split": "cross-subject"},
        **{"recipe": "two-stream-rgb", "threshold": 0.5},
        "settings": data["facts"]["settings"],
    }
    (part,) = data["parts"]
    assert part["title"] == "in the wild"
    assert part["segments"] == {
        **{"walk": 2, "fall": 2, "fallen": 2, "sit_down": 2, "sitting": 2, "standing": 2}
    }
    for state in ("fall", "fallen"):
        predictions = read_predictions(out / state / "predictions.jsonl")
        assert [item.dataset for item in predictions] == ["OOPS"] * 4
        hit, positive, false, negative = by_hand(predictions, state)
        found = part["binary"][state]
        assert found["sensitivity"]["value"] == hit / positive
        assert found["specificity"]["value"] == 1 - false / negative
        assert found["balanced_accuracy"]["value"] == pytest.approx(
            (hit / positive + 1 - false / negative) / 2
        )
        assert found["precision"]["value"] == (hit / (hit + false) if hit + false else None)
        assert part["called"][state][state]["value"] == hit / positive
        trained = splits(out / state / "clips.csv")
        assert not any(group.startswith("of-syn") for group in trained)
        assert {group: parts for group, parts in trained.items() if len(parts) > 1} == {}
        assert {*(part for parts in trained.values() for part in parts)} == {
            *("train", "val", "test")
        }
        assert (out / state / "run" / "best" / "model.json").exists()
    rows = (out / "fallen" / "clips.csv").read_text()
    assert "le2i/video/a/0.mp4,slip,1.8,2.4" in rows
    assert "Against all else, in the wild" in result.stdout
    for line in (out / "results.md").read_text().splitlines():
        if line.startswith("| fall "):
            assert line.split("|")[2].strip() == "2"
    again = reproduce("le2i.csv of-syn.csv OOPS.csv")
    assert again.exit_code == 0, again.output
    assert json.loads((out / "results.json").read_text()) == data
    other = reproduce("le2i.csv of-syn.csv OOPS.csv", "--train", "synthetic")
    assert other.exit_code == 6
    assert 'holds a run with trained_on "staged" instead of "synthetic"' in other.stderr


def test_synthetic_falls_for_one_state(reproduce: Any, tmp_path: Path) -> None:
    result = reproduce("of-syn.csv OOPS.csv", "--train", "synthetic", "--state", "fall")
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(data["parts"][0]["binary"]) == {"fall"}
    trained = splits(tmp_path / "out" / "fall" / "clips.csv")
    assert {group.split("-a/")[0] for group in trained} == {"of-syn", "OOPS"}
    assert not (tmp_path / "out" / "fallen").exists()


def test_a_split_of_the_files_is_kept_and_tested_on_too(
    reproduce: Any, root: Path, tmp_path: Path
) -> None:
    lines = (root / "le2i.csv").read_text().splitlines(keepends=True)[1:]
    for split, clips in (("train", range(4)), ("val", (4, 5)), ("test", (6, 7))):
        own = [line for line in lines if int(line[2]) in clips]
        (tmp_path / f"{split}.csv").write_text(HEAD + "".join(own))
    files = " ".join(f"{name}={tmp_path / name}.csv" for name in ("train", "val", "test"))
    result = reproduce(f"{files} OOPS.csv", "--state", "fall")
    assert result.exit_code == 0, result.output
    wild, own = json.loads((tmp_path / "out" / "results.json").read_text())["parts"]
    assert (wild["title"], own["title"]) == (
        "in the wild",
        "on held-out clips of the same sets",
    )
    assert own["segments"]["fall"] == 1
    assert "split of the files" in result.stdout
    refused = reproduce(f"{files} OOPS.csv", "--split", "cross-view")
    assert refused.exit_code == 2
    assert "the files have splits already; leave --split out" in refused.stderr


def chosen(root: Path, *names: str, **settings: Any) -> dict[str, dict[Path, str]]:
    protocol = Protocol([str(root / name) for name in names], root, **settings)
    rows = protocol.rows(protocol.segments())
    return {state: {row.path: row.split for row in each} for state, each in rows.items()}


def test_validation_clips_are_of_other_subjects_or_of_other_cameras(root: Path) -> None:
    for split, column in (("cross-subject", "subject"), ("cross-view", "cam")):
        parts = chosen(root, "le2i.csv", "OOPS.csv", split=split)
        assert parts["fall"] == parts["fallen"]
        of: dict[str, set[str]] = {"train": set(), "val": set(), "test": set()}
        for segment in read_segments(root / "le2i.csv", root):
            of[parts["fall"][segment.video]].add(segment.more[column])
        assert of["train"]
        assert of["val"]
        assert not of["train"] & of["val"]
        assert not of["test"]
        assert all(parts["fall"][each] == "test" for each in (root / "OOPS").rglob("*.mp4"))


@pytest.mark.parametrize(
    ("files", "settings", "words"),
    [
        ("le2i.csv", {}, "no set in the wild to test on"),
        ("of-syn.csv OOPS.csv", {}, "no staged set to train on, only OOPS, of-syn"),
        ("le2i.csv OOPS.csv", {"source": "synthetic"}, "no synthetic set to train on"),
        ("of-syn.csv OOPS.csv", {"source": "both", "split": "cross-view"}, "no set has several"),
    ],
)
def test_what_is_lacking_is_said_before_any_video_is_read(
    root: Path, files: str, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        chosen(root, *files.split(), **settings)


def test_videos_that_are_not_there_end_the_run_unless_that_is_allowed(
    reproduce: Any, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "wild.csv").write_text(
        (root / "OOPS.csv").read_text() + "gone/1,fall,0,1,-1,-1,OOPS\n"
    )
    files = (str(root / "le2i.csv"), str(tmp_path / "wild.csv"))
    with pytest.raises(DataError, match=r"1 of 5 videos of OOPS are not there.*--allow-missing"):
        Protocol(files, root).segments()
    assert len({each.video for each in Protocol(files, root, allow_missing=True).segments()}) == 12
    with pytest.raises(DataError, match="5 of 5 videos of OOPS are not there"):
        Protocol(files, tmp_path, allow_missing=True).segments()
    result = reproduce("le2i.csv OOPS.csv", videos=tmp_path)
    assert result.exit_code == 3
    assert not (tmp_path / "out").exists()


def test_it_is_reached_by_its_name_and_has_its_own_help(run: Any) -> None:
    page = run("reproduce", "omnifall", "--help", terminal_width=100)
    assert page.exit_code == 0
    assert " reproduce omnifall [OPTIONS] [SPLIT=]FILE..." in page.stdout.splitlines()[0]
    assert "reproduce omnifall" in run("reproduce", "--help").stdout
    assert run("reproduce", "table1").exit_code == 2  # still the report's


@pytest.mark.parametrize(
    "given", ["-q omnifall", "--train synthetic -v omnifall", "--out omnifall omnifall"]
)
def test_options_may_stand_before_its_name(run: Any, given: str, tmp_path: Path) -> None:
    result = run("reproduce", *given.split(), tmp_path / "no.csv")
    assert result.exit_code == 3
    assert "cannot read table" in result.stderr
    assert "no.csv" in result.stderr


def test_what_is_no_name_lists_it_among_the_tables(run: Any) -> None:
    assert "'segments', 'omnifall'." in run("reproduce", "omnifal").stderr
    assert "Missing option '--data'" in run("reproduce", "--out", "omnifall", "table1").stderr
    assert "No such option '--data'" in run("reproduce", "--data", "x", "omnifall", "y").stderr


def test_segments_take_their_surest_window() -> None:
    item = ClipPrediction(
        "a.mp4", "OOPS", True, (), 4.0, 0.9, (), windows=((0, 2, 0.2), (1, 3, 0.9), (2, 4, 0.4))
    )
    assert segment_score(item, 0.5, 2.0) == 0.9
    assert segment_score(item, 2.1, 3.5) == 0.4
    assert segment_score(item, 0.0, 0.3) == 0.2  # no window is centered there


def test_figures_of_segments_are_those_counted_by_hand(tmp_path: Path) -> None:
    """Two of three falls are called so, one of four others is; an empty segment counts nowhere."""
    labels = [("fall", 0.9), ("fall", 0.6), ("fall", 0.2), ("walk", 0.7)]
    labels += [("walk", 0.1), ("lying", 0.3), ("fallen", 0.4)]
    lines = [f"{k},{name},0,2,-1,-1,OOPS\n" for k, (name, _) in enumerate(labels)]
    (tmp_path / "x.csv").write_text(HEAD + "".join(lines) + "0,walk,2,2,-1,-1,OOPS\n")
    segments = read_segments(tmp_path / "x.csv", tmp_path)
    found = {
        segment.video: ClipPrediction(
            str(k), "OOPS", False, (), 2.0, sure, (), windows=((0, 2, sure),)
        )
        for k, (segment, (_, sure)) in enumerate(zip(segments, labels, strict=False))
    }
    scored, left_out = scored_segments(segments, {"fall": found, "fallen": found})
    assert left_out == 1
    part = figures("in the wild", scored)
    binary = {name: metric.value for name, metric in part.binary["fall"].items()}
    assert binary["sensitivity"] == pytest.approx(2 / 3)
    assert binary["specificity"] == pytest.approx(3 / 4)
    assert binary["precision"] == pytest.approx(2 / 3)
    assert binary["f1"] == pytest.approx(2 / 3)
    assert binary["balanced_accuracy"] == pytest.approx((2 / 3 + 3 / 4) / 2)
    # of twelve pairs of a fall and another: 0.9 and 0.6 win 4 and 3, 0.2 wins 1
    assert binary["auc"] == pytest.approx(8 / 12)
    either = part.binary["fall or fallen"]
    assert either["sensitivity"].value == pytest.approx(2 / 4)
    assert either["specificity"].value == pytest.approx(2 / 3)
    assert {name: each["fall"].value for name, each in part.called.items()} == {
        **{"walk": 1 / 2, "fall": pytest.approx(2 / 3), "fallen": 0.0, "lying": 0.0}
    }
    text = figures_page([part], {"trained_on": "staged"}, []).text()
    assert max(map(len, text.splitlines())) <= 100
