"""Faults of training and numerics, by ID.

In: tiny clips, and something that goes wrong. Out: a named error, and nothing broken on disk.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from slipdetect import backbones
from slipdetect.errors import DataError, TrainingError, VideoError
from slipdetect.lab.data import Clip
from slipdetect.lab.data.datasets import TrainingWindows
from slipdetect.lab.train import Progress, TrainingRun, records
from slipdetect.lab.train.batches import Share, StepBatches
from slipdetect.lab.train.faults import explained
from slipdetect.lab.train.loop import Trainer
from slipdetect.models import load_package, saving
from tiny_clips import TinyNet, create_tiny, tiny_clips, tiny_config


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        # a picture an epoch would take most of the time here
        patch.setattr(records, "draw_curves", lambda *args, **options: None)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> list[Clip]:
    return tiny_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def train(clips: list[Clip], out: Path, cache: Path, **changes: object) -> list[dict[str, object]]:
    """Train one RGB stream and return the rows of metrics.jsonl."""
    TrainingRun(clips, out, ["rgb"], tiny_config(**changes), cache=cache, device="cpu").run()
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def spoil(monkeypatch: pytest.MonkeyPatch, steps: set[int]) -> None:
    """Make the loss of some training steps NaN."""
    forward = Trainer._forward

    def spoilt(self: Trainer, model: Any, images: torch.Tensor, labels: torch.Tensor) -> object:
        logits, loss = forward(self, model, images, labels)
        bad = model.training and self.state.step in steps
        return logits, loss * float("nan") if bad else loss

    monkeypatch.setattr(Trainer, "_forward", spoilt)


def test_T01_three_bad_steps_in_a_row_stop_the_run(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {3, 4, 5})
    with pytest.raises(TrainingError, match=r"3 steps in a row.*lower --lr") as caught:
        train(data, tmp_path, cache, epochs=4)
    assert caught.value.exit_code == 1
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "best").exists()
    assert not (tmp_path / "last").exists()


def test_T01_a_few_bad_steps_are_left_out(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {1, 2, 4, 6})
    rows = train(data, tmp_path, cache, epochs=4)
    assert len(rows) == 4
    assert all(isinstance(row["train_loss"], float) for row in rows)
    for which in ("best", "last"):
        network = load_package(tmp_path / which).build_streams()["rgb"]
        assert all(bool(torch.isfinite(p).all()) for p in network.state_dict().values())


def test_T01_an_epoch_of_bad_steps_only_is_an_error(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, {2, 3})
    with pytest.raises(TrainingError, match="in a whole epoch"):
        train(data, tmp_path, cache)


@pytest.mark.parametrize("limit", [20.0, 0.0])
def test_T01_an_infinite_gradient_never_reaches_the_weights(
    data: list[Clip],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: float | None,
) -> None:
    """The loss is fine in every step, the gradient is not in the second."""
    calls = 0

    def explode(gradient: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return gradient * float("inf") if calls == 2 else gradient

    class Exploding(TinyNet):
        def __init__(self, in_channels: int = 3) -> None:
            super().__init__(in_channels)
            if torch.is_grad_enabled() and calls == 0:
                self.body[0].weight.register_hook(explode)

    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Exploding(channels)
    )
    rows = train(data, tmp_path, cache, clip_gradient=limit)
    assert calls == 4
    assert all(isinstance(row["val_loss"], float) for row in rows)
    load_package(tmp_path / "last").build_streams()


def test_T01_a_rate_that_diverges_saves_nothing(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="not finite"):
        train(data, tmp_path, cache, lr=1e30, epochs=8, clip_gradient=0.0, validation=0.0)
    assert not (tmp_path / "best").exists()


def test_T01_validation_that_is_not_finite_is_an_error(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = Trainer._forward

    def spoilt(self: Trainer, model: Any, images: torch.Tensor, labels: torch.Tensor) -> object:
        logits, loss = forward(self, model, images, labels)
        return (logits if model.training else logits * float("nan")), loss

    monkeypatch.setattr(Trainer, "_forward", spoilt)
    with pytest.raises(TrainingError, match="in validation"):
        train(data, tmp_path, cache)


@pytest.mark.parametrize("positive", [True, False])
def test_T04_one_class_is_refused_with_counts(
    data: list[Clip], cache: Path, tmp_path: Path, positive: bool
) -> None:
    clips = [replace(clip, events=()) for clip in data if clip.positive is positive]
    counts = f"{4 * positive} clips with a slip and {4 * (not positive)} without"
    with pytest.raises(DataError, match=counts):
        train(clips, tmp_path / "out", cache)
    assert not (tmp_path / "out").exists()


def test_T04_events_with_times_bring_windows_of_both_labels(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """Long videos that all hold a fall can be trained on; whole clips of one label cannot."""
    clips = [replace(clip, events=((0.6, 0.9),)) for clip in data if clip.positive]
    assert len(train(clips, tmp_path / "a", cache)) == 2
    with pytest.raises(DataError, match="4 clips with a slip and 0 without"):
        train(clips, tmp_path / "b", cache, sampling="clips")


def test_T04_an_unreadable_clip_is_left_out_with_a_warning(
    data: list[Clip], cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    broken = [Clip(tmp_path / name, True, group=name) for name in ("broken.mp4", "missing.mp4")]
    rows = train([*data, *broken], tmp_path / "out", cache, epochs=1)
    assert len(rows) == 1
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert [w for w in warnings if "left out" in w and "broken.mp4" in w]
    assert [w for w in warnings if "left out" in w and "missing.mp4" in w]
    facts = load_package(tmp_path / "out" / "last").config.training
    assert (
        sum(s["clips"] for part in ("training_data", "validation_data") for s in facts[part]) == 8
    )


def test_T04_a_label_that_cannot_be_read_at_all(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    slides = [clip for clip in data if not clip.positive]
    gone = [Clip(tmp_path / f"{i}.mp4", True, group=str(i)) for i in range(4)]
    with pytest.raises(DataError, match=r"what can be read.*0 clips with a slip and 4 without"):
        train([*slides, *gone], tmp_path / "a", cache)
    none = [Clip(tmp_path / f"{i}.mp4", i % 2 == 0, group=str(i)) for i in range(4)]
    with pytest.raises(DataError, match="none of the clips can be read"):
        train(none, tmp_path / "b", cache)


def test_T04_a_recording_on_both_sides_of_the_split_is_refused(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    copies = []
    for clip in data:
        path = tmp_path / f"copy-{clip.path.name}"
        shutil.copy(clip.path, path)
        copies.append(Clip(path, clip.positive, clip.events, path.stem))
    with pytest.raises(DataError, match=r"also trained on under another name.*one group"):
        train([*data, *copies], tmp_path / "out", cache, validation=0.4)


class Killed(BaseException):
    """Stands in for SIGKILL: nothing catches it."""


def test_T05_killed_while_saving_the_last_package_the_best_is_whole(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    write = saving.write

    def dying(path: Path, *rest: object) -> None:
        written.append(path)
        if len(written) == 2:
            path.write_bytes(b"half")
            raise Killed
        write(path, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(saving, "write", dying)
    with pytest.raises(Killed):
        train(data, tmp_path, cache, epochs=1)
    load_package(tmp_path / "best").build_streams()
    assert not (tmp_path / "last" / "model.json").exists()


def test_T06_a_batch_that_batch_norm_cannot_take_says_what_to_do(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pooled(TinyNet):
        """Batch norm on one value per channel, as small pictures give it in deep networks."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            features: torch.Tensor = self.body[3:](
                torch.nn.functional.pad(self.body[:3](x).mean((2, 3), keepdim=True), (0, 0, 0, 0))
            )
            return features.mean((2, 3))

    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Pooled(channels)
    )
    with pytest.raises(TrainingError, match=r"batch norm.*batch_size"):
        train(data, tmp_path / "a", cache, batch_size=1, num_segments=1)
    rows = train(data, tmp_path / "b", cache, batch_size=1, num_segments=1, partial_bn="all")
    assert len(rows) == 2


def test_T07_the_same_seed_gives_the_same_metrics(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    for name, seed, workers in (("a", 5, 0), ("b", 5, 0), ("c", 5, 2), ("d", 6, 0)):
        train(data, tmp_path / name, cache, seed=seed, workers=workers, dropout=0.5)
    a, b, c, d = ((tmp_path / name / "metrics.jsonl").read_bytes() for name in "abcd")
    assert a == b
    assert a == c
    assert a != d


def test_T07_the_same_seed_gives_the_same_weights(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    weights = []
    for name in "ab":
        train(data, tmp_path / name, cache, epochs=1)
        weights.append(load_package(tmp_path / name / "last").build_streams()["rgb"].state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_T09_a_worker_that_fails_names_the_video(
    data: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = []
    for clip in data:
        path = tmp_path / clip.path.name
        shutil.copy(clip.path, path)
        clips.append(Clip(path, clip.positive, clip.events, path.stem))
    epoch = Trainer._train_epoch

    def deleting(self: Trainer, windows: object) -> object:
        for clip in clips:
            if clip.positive:
                clip.path.unlink(missing_ok=True)
        return epoch(self, windows)

    monkeypatch.setattr(Trainer, "_train_epoch", deleting)
    with pytest.raises(VideoError, match=r"fall-\d\.mp4"):
        train(clips, tmp_path / "out", tmp_path / "cache", workers=1, validation=0.0)


def test_T01_what_led_to_nan_is_written_down(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Items, loss and rate as JSON that any reader takes, and the last good checkpoint."""
    with monkeypatch.context() as spoiled:
        spoil(spoiled, {3, 4, 5})
        with pytest.raises(TrainingError, match=r"last good checkpoint '.*last\.safetensors'"):
            train(data, tmp_path, cache, epochs=4, schedule="constant")
    text = (tmp_path / "bad-steps.json").read_text()
    steps = json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert {step["loss"] for step in steps} == {"nan"}
    assert [step["step"] for step in steps] == [3, 4, 5]
    assert all(step["lr"] == pytest.approx(3e-3) for step in steps)
    assert all(len(step["items"]) == 4 for step in steps)
    assert all(".mp4" in item for step in steps for item in step["items"])
    # what was saved before is whole
    resumed = TrainingRun(
        data,
        tmp_path,
        ["rgb"],
        tiny_config(epochs=4, schedule="constant"),
        cache=cache,
        device="cpu",
        resume=True,
    )
    resumed.run()
    rows = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("error", "changes", "advice"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), {}, "--batch-size 4 --set accumulate=2"),
        (
            torch.OutOfMemoryError("CUDA out of memory."),
            {"accumulate": 2},
            "--batch-size 4 --set accumulate=4",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9"),
            {"accumulate": 4},
            "a lower input_size",
        ),
    ],
)
def test_T03_out_of_memory_says_what_to_change(
    data: list[Clip],
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    changes: dict[str, object],
    advice: str,
) -> None:
    def full(self: Trainer, model: Any, images: torch.Tensor, labels: torch.Tensor) -> object:
        raise error

    monkeypatch.setattr(Trainer, "_forward", full)
    with pytest.raises(TrainingError, match=rf"out of memory.*{advice}") as caught:
        train(data, tmp_path, cache, **changes)
    assert "\n" not in str(caught.value)


def test_T09_a_worker_that_dies_names_the_videos(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(self: object, index: int) -> object:
        os._exit(1)

    monkeypatch.setattr(TrainingWindows, "__getitem__", die)
    with pytest.raises(TrainingError, match=r"worker.*\.mp4.*--workers") as caught:
        train(data, tmp_path, cache, workers=1)
    assert "\n" not in str(caught.value)


def test_T09_the_item_that_killed_a_worker_is_named_and_no_other(
    data: list[Clip], cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers read ahead: it dies of the second step's item while the first step is waited for."""
    read = TrainingWindows.__getitem__

    def die(self: TrainingWindows, index: int) -> object:
        if index == 6:
            os._exit(1)
        return read(self, index)

    monkeypatch.setattr(TrainingWindows, "__getitem__", die)
    monkeypatch.setattr(TrainingWindows, "describe", lambda self, index: f"item {index}")
    with pytest.raises(TrainingError, match="while it read item 6;"):
        train(data, tmp_path, cache, workers=2)


def test_T09_a_worker_that_dies_while_progress_is_told_is_named_too(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """torch's handler of the signal raises wherever the training process then is."""

    def tell(progress: Progress) -> None:
        if progress.stage.startswith("training"):
            raise RuntimeError("DataLoader worker (pid 1) exited unexpectedly with exit code 1.")

    config = tiny_config(workers=1)
    run = TrainingRun(data, tmp_path, ["rgb"], config, cache=cache, device="cpu", on_progress=tell)
    with pytest.raises(TrainingError, match="a worker process died while it read"):
        run.run()


@pytest.mark.parametrize(
    ("processes", "batch", "advice"),
    [(1, 8, "accumulate=2"), (2, 12, "accumulate=2"), (4, 12, "accumulate=3")],
)
def test_T03_the_advice_can_be_followed_by_all_processes(
    processes: int, batch: int, advice: str
) -> None:
    config = tiny_config(batch_size=batch)
    with (
        pytest.raises(TrainingError, match=advice) as caught,
        explained(config, None, batch // processes, processes),  # type: ignore[arg-type]
    ):
        raise torch.OutOfMemoryError("CUDA out of memory.")
    assert f"with {batch // processes} of the {batch} windows" in str(caught.value)
    parts = int(str(caught.value).partition("accumulate=")[2].partition(",")[0])
    assert len(StepBatches(batch, batch, parts, Share(0, processes))) == parts


@pytest.mark.timeout(90)
def test_T09_workers_do_not_wait_for_threads_that_a_fork_has_lost(
    data: list[Clip], cache: Path, tmp_path: Path
) -> None:
    """OpenCV has started its threads before, as reading clips and cutting windows does."""
    picture = np.random.default_rng(0).integers(0, 255, (1080, 1920, 3), np.uint8)
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(4)
        for _ in range(3):
            cv2.warpAffine(cv2.GaussianBlur(picture, (15, 15), 3), np.eye(2, 3), (1900, 1000))
        assert len(train(data, tmp_path, cache, workers=2)) == 2
        assert cv2.getNumThreads() == 4
    finally:
        cv2.setNumThreads(threads)
