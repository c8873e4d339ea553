"""A whole training run on tiny clips: what it leaves behind, and that it learns.

In: a square that falls or slides. Out: packages, metrics and curves.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from slipdetect import backbones
from slipdetect.backbones.create import create_backbone
from slipdetect.detection import Detector
from slipdetect.errors import LibraryError, ModelError, OutputError, SlipdetectError, UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.train import Progress, TrainingRun, records
from slipdetect.lab.train.learning_curves import read_curves
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.records import draw_curves
from slipdetect.models import load_package
from tiny_clips import create_tiny, tiny_clips, tiny_config

MODALITIES = ("rgb", "flow", "rgbdiff")


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tiny_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def trained(
    data: list[Clip], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Progress]]:
    """Train all three modalities once."""
    out = tmp_path_factory.mktemp("run")
    steps: list[Progress] = []
    config = tiny_config(detection_window=1.2)
    TrainingRun(
        data, out, MODALITIES, config, cache=cache, device="cpu", on_progress=steps.append
    ).run()
    return out, steps


@pytest.mark.parametrize("which", ["best", "last"])
def test_the_packages_detect(
    trained: tuple[Path, list[Progress]], data: list[Clip], which: str
) -> None:
    detector = Detector.load(trained[0] / which, device="cpu")
    assert [stream.modality for stream in detector.config.streams] == list(MODALITIES)
    result = detector.detect(data[0].path)
    assert all(set(window.streams) == set(MODALITIES) for window in result.windows)
    assert detector.config.fusion["weights"] == {"rgb": 1.0, "flow": 1.5, "rgbdiff": 1.0}
    facts = detector.config.training
    assert facts["config"]["backbone"] == "tiny"
    (held,) = facts["validation_data"]
    assert (held["dataset"], held["clips"], held["positive"]) == ("tiny", 2, 1)
    assert held["licenses"] == ["CC0"]
    (learned,) = facts["training_data"]
    assert (learned["clips"], learned["positive"], learned["groups"]) == (6, 3, 6)
    assert set(facts["metrics"]) == set(MODALITIES)


def test_a_package_scores_as_the_network_that_was_trained(
    trained: tuple[Path, list[Progress]],
) -> None:
    package = load_package(trained[0] / "last")
    for stream in package.config.streams:
        assert stream.input_size == 32
        assert (stream.flow is None) == (stream.modality != "flow")
        assert stream.crop == "motion"
    assert package.config.stride == pytest.approx(0.2)
    assert package.config.window == 1.2
    assert package.config.training["config"]["window"] == 0.8


def test_metrics_are_one_json_object_per_epoch(trained: tuple[Path, list[Progress]]) -> None:
    rows = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    assert [(row["modality"], row["epoch"]) for row in rows] == [
        (name, epoch) for name in MODALITIES for epoch in (0, 1)
    ]
    for row in rows:
        assert math.isfinite(row["train_loss"])
        assert 0 <= row["train_accuracy"] <= 1
        assert 0 <= row["val_auc"] <= 1
        assert row["val_loss"] > 0
        assert 0 <= row["lr"] <= 3e-3


def test_S35_curves_csv_has_the_figures_of_metrics_and_plot_reads_it(
    trained: tuple[Path, list[Progress]],
) -> None:
    rows = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    with (trained[0] / "curves.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream, strict=True))
    assert len(table) == len(MODALITIES) * 2
    for row, cells in zip(rows, table, strict=True):
        assert cells.pop("modality") == row.pop("modality")
        assert int(cells.pop("epoch")) == row.pop("epoch") + 1
        assert {name: float(cell) for name, cell in cells.items()} == row
    assert read_curves([trained[0] / "curves.csv"]) == read_curves([trained[0]])


def test_the_best_epoch_has_the_largest_auc_and_then_the_least_loss(
    trained: tuple[Path, list[Progress]],
) -> None:
    rows = [json.loads(line) for line in (trained[0] / "metrics.jsonl").read_text().splitlines()]
    best = load_package(trained[0] / "best").config.training["metrics"]
    last = load_package(trained[0] / "last").config.training["metrics"]
    for name in MODALITIES:
        mine = [row for row in rows if row["modality"] == name]
        wanted = max(mine, key=lambda row: (row["val_auc"], -row["val_loss"]))
        assert best[name]["epoch"] == wanted["epoch"]
        assert best[name]["val_loss"] == wanted["val_loss"]
        assert last[name]["epoch"] == 1


def test_curves_are_a_picture_with_something_on_it(trained: tuple[Path, list[Progress]]) -> None:
    image = cv2.imread(str(trained[0] / "curves.png"))
    assert image.shape[0] > 300
    assert image.shape[1] > 800
    colored = np.ptp(image.astype(int), axis=2) > 60
    assert colored[:, : image.shape[1] // 2].sum() > 100
    assert colored[:, image.shape[1] // 2 :].sum() > 100


def test_curves_without_validation(tmp_path: Path) -> None:
    history = {"rgb": [EpochMetrics(0, 0.7, 0.5, None, None, None, 1e-3)]}
    draw_curves(history, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000
    with pytest.raises(OutputError):
        draw_curves(history, tmp_path / "curves.png")


def test_progress_counts_every_clip_and_step(trained: tuple[Path, list[Progress]]) -> None:
    steps = trained[1]
    reading = [step for step in steps if step.stage == "reading clips"]
    assert [(step.done, step.total) for step in reading] == [(i + 1, 8) for i in range(8)]
    for name in MODALITIES:
        mine = [s for s in steps if s.stage == f"training {name}"]
        assert [(s.done, s.total) for s in mine] == [(i + 1, 4) for i in range(4)]


def test_it_learns_which_way_the_square_moves(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    config = tiny_config(epochs=6, windows_per_epoch=32, batch_size=8, lr=1e-2, seed=1)
    TrainingRun(data, tmp_path, ["rgbdiff"], config, cache=cache, device="cpu").run()
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["train_loss"] < 0.7 * rows[0]["train_loss"]
    assert rows[-1]["train_loss"] < 0.45
    detector = Detector.load(tmp_path / "best", "cpu")
    falls, slides = (
        [
            max(w.probability for w in detector.detect(c.path).windows)
            for c in data
            if c.positive is p
        ]
        for p in (True, False)
    )
    assert sum(falls) / len(falls) > sum(slides) / len(slides) + 0.2


def test_an_earlier_run_is_kept_unless_told(data: list[Clip], cache: Path, tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text("earlier\n")
    with pytest.raises(OutputError, match="--overwrite"):
        TrainingRun(data, tmp_path, ["rgb"], tiny_config(), cache=cache, device="cpu")
    assert (tmp_path / "metrics.jsonl").read_text() == "earlier\n"
    (tmp_path / "curves.csv").write_text("earlier\n")
    (tmp_path / "curves.png").write_text("earlier\n")
    options = {"cache": cache, "device": "cpu", "overwrite": True}
    wrong = tiny_config(init_from=str(tmp_path / "none"))
    with pytest.raises(ModelError, match="there is no model"):
        TrainingRun(data, tmp_path, ["rgb"], wrong, **options).run()  # type: ignore[arg-type]
    names = ("metrics.jsonl", "curves.csv", "curves.png")
    assert {(tmp_path / name).read_bytes() for name in names} == {b"earlier\n"}
    settings = tiny_config(epochs=1)
    TrainingRun(data, tmp_path, ["rgb"], settings, **options).run()  # type: ignore[arg-type]
    assert all(b"earlier" not in (tmp_path / name).read_bytes() for name in names)


def test_a_run_that_is_refused_leaves_nothing(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    wrong = tiny_config(init_from=str(tmp_path / "none"))
    with pytest.raises(ModelError, match="there is no model"):
        TrainingRun(data, tmp_path / "o", ["rgb"], wrong, cache=cache, device="cpu").run()
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("name", ["curves.csv", "curves.png"])
def test_a_file_that_lies_where_curves_go_is_kept_unless_told(
    data: list[Clip], cache: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("mine\n")
    with pytest.raises(OutputError, match="--overwrite"):
        TrainingRun(data, tmp_path, ["rgb"], tiny_config(), cache=cache, device="cpu")
    assert (tmp_path / name).read_text() == "mine\n"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consensus": "weighted"}, "cannot judge windows"),
        ({"consensus": "identity"}, "cannot judge windows"),
        ({"snippet_step": 9}, "leave gaps"),
        ({"snippet_step": 5, "detection_window": 0.4}, "leave gaps between windows of 0.4 s"),
    ],
)
def test_recipes_that_could_never_detect_are_refused_before_anything_is_written(
    data: list[Clip], tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    out = tmp_path / "out"
    with pytest.raises(UsageError, match=reason):
        TrainingRun(data, out, ["rgb"], tiny_config(**changes), cache=tmp_path, device="cpu")
    assert not out.exists()


@pytest.mark.parametrize("modalities", [[], ["rgb", "rgb"], ["audio"]])
def test_modalities_are_named_once(data: list[Clip], tmp_path: Path, modalities: list[str]) -> None:
    with pytest.raises(UsageError):
        TrainingRun(data, tmp_path / "o", modalities, tiny_config(), cache=tmp_path, device="cpu")


def test_a_nameless_model_is_refused_at_once(data: list[Clip], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name"):
        TrainingRun(data, tmp_path / "o", ["rgb"], tiny_config(), cache=tmp_path, name=" ")


def test_without_validation_the_best_epoch_is_the_one_of_least_loss() -> None:
    epochs = [
        EpochMetrics(i, loss, 0.5, None, None, None, 0.1) for i, loss in enumerate((0.7, 0.4))
    ]
    assert epochs[1].quality > epochs[0].quality
    validated = [EpochMetrics(0, 0.1, 0.5, loss, 0.5, None, 0.1) for loss in (0.7, 0.4)]
    assert validated[1].quality > validated[0].quality


def test_epochs_of_equal_auc_are_ranked_by_validation_loss() -> None:
    """A small validation set is often told apart perfectly long before training ends."""
    early, late = (
        EpochMetrics(i, 0.5, 0.5, loss, 1.0, 1.0, 0.1) for i, loss in ((0, 0.5), (1, 0.2))
    )
    assert late.quality > early.quality
    worse = EpochMetrics(2, 0.1, 1.0, 0.1, 1.0, 0.9, 0.1)
    assert worse.quality < early.quality


def test_rates_are_those_of_the_configuration(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """SGD trains the first layer on flow five times faster; the log says the base rate."""
    config = tiny_config(optimizer="sgd", lr=1e-4, schedule="constant", epochs=1, validation=0.0)
    TrainingRun(data, tmp_path, ["flow"], config, cache=cache, device="cpu").run()
    (row,) = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert row["lr"] == pytest.approx(1e-4)
    assert row["val_loss"] is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"freeze": "stages:99"}, "cannot freeze"),
        ({"init_from": "nowhere"}, "nowhere"),
        ({"batch_size": 3, "accumulate": 3}, None),
    ],
)
def test_what_cannot_be_built_is_refused_before_clips_are_read(
    data: list[Clip], tmp_path: Path, changes: dict[str, object], reason: str | None
) -> None:
    seen: list[str] = []

    class Enough(BaseException):
        """Ends a run that may begin."""

    def reading(progress: Progress) -> None:
        seen.append(progress.stage)
        raise Enough

    run = TrainingRun(
        data,
        tmp_path / "o",
        ["rgb"],
        tiny_config(**changes),
        cache=tmp_path / "cache",
        device="cpu",
        on_progress=reading,
    )
    with pytest.raises(Enough if reason is None else SlipdetectError, match=reason):
        run.run()
    assert seen == (["reading clips"] if reason is None else [])


def test_a_stream_that_is_done_leaves_the_device(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """Networks and optimizers of finished streams would fill the memory of the next."""
    held: dict[str, int] = {}

    def count(progress: Progress) -> None:
        if progress.stage.startswith("training"):
            held[progress.stage] = len(run.accelerator._models) + len(run.accelerator._optimizers)

    run = TrainingRun(
        data,
        tmp_path / "o",
        ["rgb", "rgbdiff"],
        tiny_config(epochs=1),
        cache=cache,
        device="cpu",
        on_progress=count,
    )
    run.run()
    assert held == {"training rgb": 2, "training rgbdiff": 2}


def test_without_tensorboard_an_earlier_run_is_not_lost(
    data: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "metrics.jsonl").write_text("earlier\n")
    options = {"cache": tmp_path, "device": "cpu", "overwrite": True, "tensorboard": True}
    with pytest.raises(LibraryError, match="tensorboard, which is not installed"):
        TrainingRun(data, tmp_path, ["rgb"], tiny_config(), **options)  # type: ignore[arg-type]
    assert (tmp_path / "metrics.jsonl").read_text() == "earlier\n"
    assert (tmp_path / "checkpoints").is_dir()


def test_records_are_closed_whatever_ends_a_run(
    data: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(records.Records, "close", lambda self: closed.append(True))

    def stop(progress: Progress) -> None:
        if progress.stage.startswith("training"):
            raise KeyboardInterrupt

    options = {"cache": tmp_path / "cache", "device": "cpu", "on_progress": stop}
    run = TrainingRun(data, tmp_path / "run", ["rgb"], tiny_config(), **options)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert closed == [True]


def test_streams_of_one_run_are_drawn_alike(data: list[Clip], tmp_path: Path) -> None:
    """Their fusion is calibrated on the same validation items."""
    configs = {"rgb": tiny_config(), "rgbdiff": tiny_config(sampling="clips")}
    with pytest.raises(UsageError, match="share sampling"):
        TrainingRun(data, tmp_path / "o", list(configs), configs, cache=tmp_path, device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("modality", MODALITIES)
def test_a_real_network_trains_and_detects(
    modality: str, data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backbones, "create_backbone", create_backbone)
    config = tiny_config(backbone="resnet18", epochs=1)
    TrainingRun(data, tmp_path, [modality], config, cache=cache, device="cpu").run()
    for which in ("best", "last"):
        result = Detector.load(tmp_path / which, "cpu").detect(data[0].path)
        assert all(0 <= window.probability <= 1 for window in result.windows)
