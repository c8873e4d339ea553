"""T05: a run that was killed anywhere goes on as if nothing had happened.

In: a tiny run and a step to kill it at. Out: the metrics and weights of the undisturbed run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import slipdetect._io
from slipdetect import backbones
from slipdetect.backbones.options import remember_options
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.train import Progress, TrainingRun, records
from slipdetect.models import load_package
from tiny_clips import create_tiny, tiny_clips, tiny_config

# 3 epochs of 2 steps; dropout, momentum-like state, averaging and a schedule with memory
SETTINGS: dict[str, Any] = {
    "epochs": 3,
    "dropout": 0.5,
    "ema": 0.9,
    "save_every": 1,
    "schedule": "plateau",
    "plateau_patience": 0,
}
STEPS = 6


class Killed(BaseException):
    """Stands in for SIGKILL: nothing catches it."""


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        # a picture an epoch would take most of the time here
        patch.setattr(records, "draw_curves", lambda *args, **options: None)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def data(folder: Path) -> list[Clip]:
    return tiny_clips(folder)


def run(data: list[Clip], out: Path, cache: Path, **options: Any) -> TrainingRun:
    changes = options.pop("changes", {})
    modalities = options.pop("modalities", ["rgb"])
    config = tiny_config(**{**SETTINGS, **changes})
    return TrainingRun(data, out, modalities, config, cache=cache, device="cpu", **options)


@pytest.fixture(scope="module")
def undisturbed(data: list[Clip], folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "run"
    run(data, out, folder / "cache").run()
    return out


def assert_same(out: Path, undisturbed: Path, modalities: tuple[str, ...] = ("rgb",)) -> None:
    for name in ("metrics.jsonl", "curves.csv"):
        assert (out / name).read_bytes() == (undisturbed / name).read_bytes()
    for which in ("best", "last"):
        ours, theirs = load_package(out / which), load_package(undisturbed / which)
        assert ours.config.calibration == theirs.config.calibration
        for name in modalities:
            a, b = (p.build_stream(name).state_dict() for p in (ours, theirs))
            assert all(torch.equal(a[key], b[key]) for key in b)


@pytest.mark.parametrize("kill_at", range(1, STEPS + 1))
def test_T05_killed_after_any_step(
    data: list[Clip], folder: Path, tmp_path: Path, undisturbed: Path, kill_at: int
) -> None:
    def kill(progress: Progress) -> None:
        if progress.stage.startswith("training") and progress.done == kill_at:
            raise Killed

    with pytest.raises(Killed):
        run(data, tmp_path / "o", folder / "cache", on_progress=kill).run()
    steps: list[int] = []
    resumed = run(
        data,
        tmp_path / "o",
        folder / "cache",
        resume=True,
        on_progress=lambda p: steps.append(p.done) if p.stage.startswith("training") else None,
    )
    resumed.run()
    # the step that was killed had not been saved yet
    assert steps == list(range(kill_at, STEPS + 1))
    assert_same(tmp_path / "o", undisturbed)


@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_T05_a_learned_consensus_goes_on_too(
    data: list[Clip], folder: Path, tmp_path: Path, kind: str
) -> None:
    def kill(progress: Progress) -> None:
        if progress.stage.startswith("training") and progress.done == 4:
            raise Killed

    changes = {"consensus": kind, "num_segments": 3}
    run(data, tmp_path / "whole", folder / "cache", changes=changes).run()
    with pytest.raises(Killed):
        run(data, tmp_path / "o", folder / "cache", changes=changes, on_progress=kill).run()
    run(data, tmp_path / "o", folder / "cache", changes=changes, resume=True).run()
    assert_same(tmp_path / "o", tmp_path / "whole")
    head = load_package(tmp_path / "o" / "last").build_stream("rgb").consensus.head
    assert bool(head.out.weight.any())


@pytest.mark.parametrize("write", range(1, 21, 3))
def test_T05_killed_in_a_write(
    data: list[Clip],
    folder: Path,
    tmp_path: Path,
    undisturbed: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
) -> None:
    """The file is written and not yet in place: the moment between the old state and the new."""
    publish, count = slipdetect._io._publish, 0

    def dying(temporary: Path, path: Path) -> None:
        nonlocal count
        count += 1
        if count == write:
            raise Killed
        publish(temporary, path)

    with monkeypatch.context() as patch:
        patch.setattr(slipdetect._io, "_publish", dying)
        with pytest.raises(Killed):
            run(data, tmp_path / "o", folder / "cache").run()
    run(data, tmp_path / "o", folder / "cache", resume=True).run()
    assert_same(tmp_path / "o", undisturbed)


def test_T05_streams_that_are_done_are_not_trained_again(
    data: list[Clip], folder: Path, tmp_path: Path
) -> None:
    modalities = ("rgb", "rgbdiff")
    run(data, tmp_path / "whole", folder / "cache", modalities=modalities).run()

    def kill(progress: Progress) -> None:
        if progress.stage == "training rgbdiff" and progress.done == 3:
            raise Killed

    with pytest.raises(Killed):
        run(data, tmp_path / "o", folder / "cache", modalities=modalities, on_progress=kill).run()
    stages: set[str] = set()
    resumed = run(
        data,
        tmp_path / "o",
        folder / "cache",
        modalities=modalities,
        resume=True,
        on_progress=lambda p: stages.add(p.stage),
    )
    resumed.run()
    assert stages == {"reading clips", "training rgbdiff"}
    assert_same(tmp_path / "o", tmp_path / "whole", modalities)


def test_T05_a_finished_run_is_returned_as_it_is(
    data: list[Clip], folder: Path, tmp_path: Path, undisturbed: Path
) -> None:
    metrics = (undisturbed / "metrics.jsonl").read_text()
    run(data, undisturbed, folder / "cache", resume=True).run()
    assert (undisturbed / "metrics.jsonl").read_text() == metrics


def test_T05_without_resume_an_unfinished_run_is_kept(
    data: list[Clip], folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "o" / "checkpoints" / "rgb").mkdir(parents=True)
    with pytest.raises(OutputError, match=r"--resume.*--overwrite"):
        run(data, tmp_path / "o", folder / "cache")
    with pytest.raises(UsageError, match="choose one"):
        run(data, tmp_path / "o", folder / "cache", resume=True, overwrite=True)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"lr": 1e-4}, "lr 0.003 then, 0.0001 now"), ({"epochs": 9}, "epochs"), ({}, "other clips")],
)
def test_T05_another_run_is_not_gone_on_with(
    data: list[Clip],
    folder: Path,
    tmp_path: Path,
    undisturbed: Path,
    changes: dict[str, Any],
    named: str,
) -> None:
    clips = data if changes else [*data, *tiny_clips(tmp_path, each=1)]
    last = (undisturbed / "checkpoints" / "rgb" / "last.safetensors").read_bytes()
    with pytest.raises(DataError, match=rf"other settings \(.*{named}"):
        run(clips, undisturbed, folder / "cache", changes=changes, resume=True).run()
    assert (undisturbed / "checkpoints" / "rgb" / "last.safetensors").read_bytes() == last


def test_T05_pace_may_change(
    data: list[Clip], folder: Path, tmp_path: Path, undisturbed: Path
) -> None:
    changes = {"workers": 1, "save_every": 2}
    run(data, undisturbed, folder / "cache", changes=changes, resume=True).run()


def test_T03_a_run_goes_on_in_smaller_parts(data: list[Clip], folder: Path, tmp_path: Path) -> None:
    """What running out of memory advises is taken, although the settings are not quite the same."""

    def kill(progress: Progress) -> None:
        if progress.stage.startswith("training") and progress.done == 4:
            raise Killed

    with pytest.raises(Killed):
        run(data, tmp_path / "o", folder / "cache", on_progress=kill).run()
    run(data, tmp_path / "o", folder / "cache", changes={"accumulate": 2}, resume=True).run()
    assert len((tmp_path / "o" / "metrics.jsonl").read_text().splitlines()) == 3


def test_T05_what_a_killed_write_left_is_cleared_away(
    data: list[Clip], folder: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "o" / "checkpoints" / "rgb"
    kept.mkdir(parents=True)
    (kept / ".last.abcdefgh.safetensors").write_bytes(b"half")
    (kept / ".tmpaqH4fL").write_bytes(b"half")  # what safetensors leaves of a killed save
    run(data, tmp_path / "o", folder / "cache", changes={"epochs": 1}, resume=True).run()
    assert sorted(path.name for path in kept.iterdir()) == [
        "best-0.safetensors",
        "last.safetensors",
    ]


@pytest.mark.parametrize("damage", [b"", b"no tensors at all", None])
def test_T05_a_damaged_checkpoint_is_named(
    data: list[Clip], folder: Path, tmp_path: Path, damage: bytes | None
) -> None:
    run(data, tmp_path / "o", folder / "cache", changes={"epochs": 1}).run()
    path = tmp_path / "o" / "checkpoints" / "rgb" / "last.safetensors"
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    with pytest.raises(DataError, match=r"last\.safetensors.*--overwrite"):
        run(data, tmp_path / "o", folder / "cache", changes={"epochs": 1}, resume=True).run()


def test_T05_overwrite_begins_anew(data: list[Clip], folder: Path, tmp_path: Path) -> None:
    run(data, tmp_path / "o", folder / "cache").run()
    run(data, tmp_path / "o", folder / "cache", changes={"epochs": 1}, overwrite=True).run()
    assert len((tmp_path / "o" / "metrics.jsonl").read_text().splitlines()) == 1
    assert len((tmp_path / "o" / "timings.jsonl").read_text().splitlines()) == 1


def test_T05_momentum_is_gone_on_with(data: list[Clip], folder: Path, tmp_path: Path) -> None:
    changes = {"optimizer": "sgd", "save_every": 0}

    def kill(progress: Progress) -> None:
        if progress.stage.startswith("training") and progress.done == 5:
            raise Killed

    run(data, tmp_path / "a", folder / "cache", changes=changes).run()
    with pytest.raises(Killed):
        run(data, tmp_path / "b", folder / "cache", changes=changes, on_progress=kill).run()
    run(data, tmp_path / "b", folder / "cache", changes=changes, resume=True).run()
    assert_same(tmp_path / "b", tmp_path / "a")


def test_T05_one_best_epoch_is_kept(data: list[Clip], folder: Path, undisturbed: Path) -> None:
    rows = [json.loads(x) for x in (undisturbed / "metrics.jsonl").read_text().splitlines()]
    best = max(rows, key=lambda row: (row["val_auc"], -row["val_loss"]))["epoch"]
    kept = sorted(path.name for path in (undisturbed / "checkpoints" / "rgb").iterdir())
    assert kept == [f"best-{best}.safetensors", "last.safetensors"]


def test_options_of_a_backbone_may_be_named_in_another_order(
    data: list[Clip], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def create(name: str, channels: int = 3, weights: object = None, **options: Any) -> Any:
        network = create_tiny(name, channels, weights)
        remember_options(network, options)
        return network

    monkeypatch.setattr(backbones, "create_backbone", create)

    def go(*texts: str, **options: Any) -> None:
        changes = {"epochs": 1, "backbone_option": texts}
        run(data, tmp_path / "o", folder / "cache", changes=changes, **options).run()

    go("a=1", "b=true")
    go("b=true", "a=1", resume=True)
    with pytest.raises(DataError, match="backbone_option"):
        go("b=true", "a=2", resume=True)
