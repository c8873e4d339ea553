"""A whole training of a pose stream: what is written, resumed exactly, refused.

In: clips of drawn skeletons. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skeleton_clips import write_clips
from slipdetect.errors import DataError, ModelError, OutputError, PackageError, UsageError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.pose.run import PoseRun
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.train.metrics import Progress
from slipdetect.models import load_package
from slipdetect.models.package import ModelPackage
from slipdetect.people.skeletons import Skeletons
from slipdetect.types import Calibration

Make = Callable[..., PoseRun]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clips(tmp_path_factory.mktemp("clips"))


@pytest.fixture
def make(tmp_path: Path, data: Path, tiny_package: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Return what makes a run of two networks of two epochs of three steps."""
    monkeypatch.setattr("slipdetect.lab.train.records.draw_curves", lambda *args, **options: None)
    settings = PoseSettings(
        init_from=str(tiny_package),
        **{"pictures": 7, "channels": 4, "members": 2, "epochs": 2, "steps": 3, "validation": 0.3},
        **{"positives": 2, "negatives": 3},
    )

    def made(
        out: str = "run",
        file: Path = data,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        changes: dict[str, Any] | None = None,
        **options: Any,
    ) -> PoseRun:
        return PoseRun(
            read_annotations(file),
            tmp_path / out,
            replace(settings, **(changes or {})),
            cache=tmp_path / "cache",
            on_progress=on_progress,
            **options,
        )

    return made


def content(folder: Path) -> dict[str, bytes]:
    """Return all files of a run but those with times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "timings.jsonl"
    }


def test_a_run_adds_a_stream_to_a_model(make: Make, tmp_path: Path, tiny_package: Path) -> None:
    package = make(name="both").run()
    base, config = load_package(tiny_package).config, package.config
    assert load_package(tmp_path / "run" / "last").config == config
    assert (config.name, config.streams, config.events) == ("both", base.streams, base.events)
    pose = config.pose
    assert pose is not None
    assert (pose.estimator, pose.rate, pose.pictures) == ("movenet", 5.0, 7)
    assert pose.calibration == Calibration()
    facts = config.training["pose"]
    assert facts["config"]["steps"] == 3
    sides = [facts[f"{side}_data"][0] for side in ("training", "validation")]
    assert [side["clips"] for side in sides] == [6, 2]
    assert [side["positive"] for side in sides] == [3, 1]
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [(line["modality"], line["epoch"]) for line in lines] == [("pose", 0), ("pose", 1)]
    assert all(line["val_auc"] is not None for line in lines)
    network = package.pose_network()
    assert network is not None
    assert network.log_odds(np.zeros((1, 105, 7), np.float32)).shape == (1,)


def test_a_run_that_was_stopped_midway_ends_as_if_it_had_not_been(
    make: Make, tmp_path: Path
) -> None:
    make("whole").run()

    def stop(progress: Progress) -> None:
        # the second step behind the checkpoint
        if progress.stage == "training pose" and progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make("halves", on_progress=stop).run()
    assert not (tmp_path / "halves" / "last").exists()
    # as a process leaves it that is killed in a write
    (tmp_path / "halves" / "checkpoints" / "pose" / ".last.abcd.safetensors").write_bytes(b"half")
    steps: list[int] = []

    def note(progress: Progress) -> None:
        if progress.stage == "training pose":
            steps.append(progress.done)

    make("halves", on_progress=note, resume=True).run()
    assert steps == [4, 5, 6]
    assert content(tmp_path / "halves") == content(tmp_path / "whole")
    # once more, when nothing is left to do
    make("halves", resume=True).run()
    assert content(tmp_path / "halves") == content(tmp_path / "whole")
    other = make("other", changes={"seed": 1}).run()
    assert content(other.folder) != content(tmp_path / "whole" / "last")


def test_a_checkpoint_of_another_run_is_refused_by_name(
    make: Make, tmp_path: Path, data: Path
) -> None:
    make().run()
    with pytest.raises(OutputError, match="--resume"):
        make()
    with pytest.raises(DataError, match=r"lr 0\.002 then, 0\.01 now"):
        make(changes={"lr": 0.01}, resume=True).run()
    fewer = data.parent / "fewer.csv"
    fewer.write_text("\n".join(data.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DataError, match="other clips"):
        make(file=fewer, resume=True).run()
    (state,) = (tmp_path / "run" / "checkpoints").rglob("*.safetensors")
    state.write_bytes(state.read_bytes()[:100])
    with pytest.raises(DataError, match=r"cannot be read.*--overwrite"):
        make(resume=True).run()
    make(overwrite=True).run()
    with pytest.raises(UsageError, match="choose one"):
        make(overwrite=True, resume=True)
    with pytest.raises(UsageError, match="needs a name"):
        make(overwrite=True, name=" ")


def test_a_split_that_leaks_is_refused_before_an_earlier_run_is_replaced(
    make: Make, tmp_path: Path
) -> None:
    make().run()
    before = content(tmp_path / "run")
    stages: list[str] = []
    run = make(overwrite=True, on_progress=lambda progress: stages.append(progress.stage))
    run.clips = [
        replace(clip, group="one", split="train" if number else "val")
        for number, clip in enumerate(run.clips)
    ]
    with pytest.raises(DataError, match="the split leaks"):
        run.run()
    assert content(tmp_path / "run") == before
    assert stages == []


def test_simulated_clips_are_not_what_is_validated_on(make: Make, data: Path) -> None:
    simulated = write_clips(data.parent / "made", dataset="simulated", first=20)
    rows = simulated.read_text().splitlines()[1:]
    both = data.parent / "both.csv"
    both.write_text(data.read_text() + "".join(f"made/{row}\n" for row in rows))
    facts = make(file=both).run().config.training["pose"]
    assert {part["dataset"]: part["clips"] for part in facts["training_data"]} == {
        "drawn": 6,
        "simulated": 8,
    }
    assert [part["dataset"] for part in facts["validation_data"]] == ["drawn"]
    # where there is nothing else they are
    alone = make("alone", file=simulated).run().config.training["pose"]
    assert [part["dataset"] for part in alone["validation_data"]] == ["simulated"]


def test_clips_that_cannot_be_read_and_clips_without_people_are_told(
    make: Make, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = data.parent
    np.savez(folder / "strange.npz", a=np.zeros(3))
    Skeletons([0.0, 0.2], [[], []], 10, 10).save(folder / "empty.npz", overwrite=True)
    file = folder / "odd.csv"
    rows = ["strange.npz,other,,,s,x", "empty.npz,other,,,e,x", "gone.mp4,fall,,,g,x"]
    file.write_text(data.read_text() + "\n".join(rows) + "\n")
    run = make(file=file)
    with caplog.at_level(logging.WARNING, "slipdetect"):
        run.run()
    assert [clip.path.name for clip in run.left_out] == ["strange.npz", "gone.mp4"]
    said = "\n".join(caplog.messages)
    assert "strange.npz' is no file of skeletons" in said
    assert "gone.mp4" in said
    assert "nobody is found in 1 clip: " in said
    assert "empty.npz" in said


def test_clips_that_nothing_can_be_learned_from_are_refused(make: Make, data: Path) -> None:
    folder, lines = data.parent, data.read_text().splitlines()
    falls = folder / "falls.csv"
    falls.write_text("\n".join([lines[0], *(line for line in lines if ",fall," in line)]) + "\n")
    with pytest.raises(DataError, match="4 clips with a slip and 0 without"):
        make(file=falls)
    (folder / "fast").mkdir(exist_ok=True)
    fast = write_clips(folder / "fast", each=2, rate=10.0)
    with pytest.raises(DataError, match="of 10 pictures a second, not 5"):
        make(file=fast).run()
    late = folder / "late.csv"
    late.write_text(data.read_text().replace("1.6,2.6", "90,91"))
    with pytest.raises(DataError, match="nobody is found in any training clip with a fall"):
        make("late", file=late).run()


def test_settings_that_do_not_fit_the_model_are_refused_before_a_clip_is_read(make: Make) -> None:
    with pytest.raises(UsageError, match="must be a multiple of"):
        make(changes={"rate": 4.0})
    with pytest.raises(ModelError, match="unknown pose estimator 'eyes'"):
        make(changes={"estimator": "eyes"})
    with pytest.raises(PackageError, match="there is no model 'nothing'"):
        make(changes={"init_from": "nothing"})
    with pytest.raises(UsageError, match="pictures must be at least 5"):
        make(changes={"pictures": 3})


def test_a_group_on_both_sides_is_refused(make: Make, data: Path) -> None:
    lines = data.read_text().splitlines()
    file = data.parent / "split.csv"
    sides = ["split", *("val" if k > 5 else "train" for k in range(8))]
    text = "\n".join(f"{line},{side}" for line, side in zip(lines, sides, strict=True))
    file.write_text(text.replace("drawn-7", "drawn-0") + "\n")
    with pytest.raises(DataError, match="the split leaks"):
        make(file=file).run()
    assert make(file=file, allow_leaks=True).run().config.pose is not None


def test_a_model_that_looks_at_people_gets_another_stream(make: Make) -> None:
    first: ModelPackage = make("first").run()
    assert first.config.pose is not None
    second = make("second", changes={"init_from": str(first.folder), "seed": 1}).run()
    assert second.config.pose is not None
    assert second.config.pose.sha256 != first.config.pose.sha256
    assert len(list(second.folder.glob("pose*.safetensors"))) == 1
