"""The real work on tiny clips: trained by recipe, scored on both sides, resumed, tidied up.

In: a square that falls or slides. Out: score files and what is left beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from slipdetect import backbones
from slipdetect.errors import ModelError, OutputError
from slipdetect.lab.course2020 import runs
from slipdetect.lab.course2020.division import Division, smoke_division
from slipdetect.lab.course2020.experiment import Experiment
from slipdetect.lab.course2020.runs import (
    Attempt,
    Settings,
    TrainingWork,
    make_attempts,
    read_attempt,
    run_attempts,
    states,
)
from slipdetect.lab.course2020.tables import Cell, Row, Table, Trial
from slipdetect.lab.data import Clip
from slipdetect.models import load_package
from tiny_clips import create_tiny, tiny_clips

TRIALS = (
    Trial("spatial", "tiny", "rgb", "two-stream-rgb"),
    Trial("spatial-half", "tiny", "rgb", "two-stream-rgb", share=0.5),
)
CHANGES = {
    "epochs": 2,
    "batch_size": 3,
    "input_size": 32,
    "short_side": 48,
    "sample_fps": 10.0,
    "snippet_step": 2,
    "precision": "fp32",
}


@pytest.fixture(scope="module", autouse=True)
def _tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "create_backbone", create_tiny)
        yield


@pytest.fixture(scope="module")
def division(tmp_path_factory: pytest.TempPathFactory) -> Division:
    folder = tmp_path_factory.mktemp("clips")
    sides = ["train"] * 6 + ["val"] * 2 + ["test"] * 4
    clips = tiny_clips(folder, each=6)
    return Division(
        tuple(replace(clip, split=side) for clip, side in zip(clips, sides, strict=True)),
        folder,
        True,
    )


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    cache = tmp_path_factory.mktemp("cache")
    return Settings(cache, "2x1", None, device="cpu", changes=CHANGES)


@pytest.fixture(scope="module")
def done(
    division: Division, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[Attempt]]:
    """Run both trials once."""
    out = tmp_path_factory.mktemp("out")
    attempts = make_attempts(TRIALS, [0])
    assert run_attempts(attempts, TrainingWork(division, settings), out) == {}
    return out, attempts


def names(division: Division, side: str) -> list[str]:
    return [division.name(clip) for clip in division.side(side)]


def test_both_sides_are_scored_and_say_what_they_are(
    done: tuple[Path, list[Attempt]], division: Division
) -> None:
    out, attempts = done
    scores = read_attempt(attempts[0].folder(out))
    for side in ("val", "test"):
        assert list(scores[side].clips) == names(division, side)
        facts = scores[side].facts
        assert facts["name"] == "spatial seed 0"
        assert facts["backbones"] == {"rgb": "tiny"}
        assert (facts["recipe"], facts["seed"], facts["split"]) == ("two-stream-rgb", 0, side)
        assert facts["protocol"] == "2x1"
        assert facts["division"] == division.digest
        assert facts["trial"]["config"]["epochs"] == 2


def test_the_package_stays_and_the_checkpoints_go(done: tuple[Path, list[Attempt]]) -> None:
    out, attempts = done
    run = attempts[0].folder(out) / "run"
    assert load_package(run / "best").config.name == "spatial"
    assert not (run / "checkpoints").exists()
    assert (run / "metrics.jsonl").read_text().count("\n") == 2


def test_a_share_sees_fewer_training_clips_and_all_validation_clips(
    done: tuple[Path, list[Attempt]], division: Division, settings: Settings
) -> None:
    work = TrainingWork(division, settings)
    whole, half = (work.training_clips(trial) for trial in TRIALS)
    assert [clip.split for clip in whole] == ["train"] * 6 + ["val"] * 2
    assert [clip.split for clip in half] == ["train"] * 3 + ["val"] * 2
    assert {clip.path for clip in half} < {clip.path for clip in whole}
    out, attempts = done
    facts = load_package(attempts[1].folder(out) / "run" / "best").config.training
    assert facts["training_data"][0]["clips"] == 3


def test_what_is_done_fits_and_other_settings_do_not(
    done: tuple[Path, list[Attempt]], division: Division, settings: Settings
) -> None:
    out, attempts = done
    assert set(states(attempts, TrainingWork(division, settings), out).values()) == {"done"}
    same = replace(settings, changes={**CHANGES, "workers": 2, "save_every": 1})
    assert set(states(attempts, TrainingWork(division, same), out).values()) == {"done"}
    longer = replace(settings, changes={**CHANGES, "epochs": 3})
    with pytest.raises(OutputError, match=r"config\.epochs 2 instead of 3"):
        states(attempts, TrainingWork(division, longer), out)
    with pytest.raises(OutputError, match="protocol"):
        states(attempts, TrainingWork(division, replace(settings, protocol="3x1")), out)
    clips = list(division.clips)
    clips[0], clips[6] = replace(clips[0], split="val"), replace(clips[6], split="train")
    with pytest.raises(OutputError, match="split"):
        states(attempts, TrainingWork(replace(division, clips=tuple(clips)), settings), out)


def test_an_attempt_stopped_between_its_scores_ends_the_same(
    done: tuple[Path, list[Attempt]],
    division: Division,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls = []
    score = runs.score_clips

    def stopping(*args: object, **options: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return score(*args, **options)

    monkeypatch.setattr(runs, "score_clips", stopping)
    attempts, work = make_attempts(TRIALS[:1], [0]), TrainingWork(division, settings)
    with pytest.raises(KeyboardInterrupt):
        run_attempts(attempts, work, tmp_path)
    assert list(states(attempts, work, tmp_path).values()) == ["begun"]
    assert run_attempts(attempts, work, tmp_path) == {}
    before = read_attempt(done[1][0].folder(done[0]))["test"].logits["rgb"]
    after = read_attempt(attempts[0].folder(tmp_path))["test"].logits["rgb"]
    assert after.tolist() == before.tolist()


def test_what_a_kill_after_the_last_score_left_goes_with_the_next_call(
    done: tuple[Path, list[Attempt]], division: Division, settings: Settings
) -> None:
    left = done[1][0].folder(done[0]) / "run" / "checkpoints"
    left.mkdir()
    (left / "state.safetensors").write_bytes(b"x" * 100)
    table = Table("t", "T", ("all",), (Row("RGB", (Cell(("spatial",), (1.0,)),)),), TRIALS)
    experiment = Experiment(table, division, done[0], TrainingWork(division, settings), [0], {})
    assert experiment.run() == {}
    assert not left.exists()
    assert (left.parent / "best").exists()


def test_an_experiment_makes_a_table_of_it(
    done: tuple[Path, list[Attempt]], division: Division, settings: Settings
) -> None:
    cells = (Cell(("spatial",), (1.0,)), Cell(("spatial-half",), (1.0,)))
    table = Table("t", "T", ("all", "half"), (Row("RGB", cells),), TRIALS, has_curves=True)
    work = TrainingWork(division, settings)
    experiment = Experiment(table, division, done[0], work, [0], {})
    assert experiment.run() == {}
    result = experiment.result({})
    assert [cell.state for cell in result.rows[0][1]] == ["done", "done"]
    assert (result.sides["test"].clips, result.sides["test"].positives) == (4, 2)
    assert result.majority == 0.5
    assert [run.epochs for run in result.chosen if run is not None] == [2, 2]
    assert list(experiment.histories()) == ["all", "half"]
    two = replace(experiment, seeds=[0, 1])
    assert [cell.state for cell in two.result({}).rows[0][1]] == ["missing", "missing"]
    failures = {Attempt(TRIALS[0], 1): "no weights"}
    result = two.result(failures)
    assert [cell.state for cell in result.rows[0][1]] == ["failed", "missing"]
    assert result.failures == {"spatial seed 1": "no weights"}


def test_a_smoke_run_keeps_no_model(division: Division, tmp_path: Path) -> None:
    settings = Settings.of_smoke_run(tmp_path / "cache", device="cpu")
    changes = {**settings.changes, "input_size": 32, "short_side": 48, "batch_size": 3}
    work = TrainingWork(smoke_division(division), replace(settings, changes=changes))
    attempts = make_attempts(TRIALS[:1], [0])
    assert run_attempts(attempts, work, tmp_path / "out") == {}
    left = {path.name for path in (attempts[0].folder(tmp_path / "out") / "run").iterdir()}
    assert not left & {"best", "last", "checkpoints"}
    assert work.facts(attempts[0])["smoke"] is True


def test_weights_that_cannot_be_had_are_asked_for_once(
    division: Division, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def refuse(name: str, in_channels: int = 3, weights: object = None) -> None:
        asked.append((name, weights))
        raise ModelError("cannot get weights from URL (no network); pass weights=FILE instead")

    monkeypatch.setattr(backbones, "create_backbone", refuse)
    work = TrainingWork(division, replace(settings, weights="{backbone}.pth"))
    failures = run_attempts(make_attempts(TRIALS, [0]), work, tmp_path)
    assert len(failures) == 2
    (reason,) = set(failures.values())
    assert reason.startswith("cannot get weights from URL (no network); pass --weights FILE")
    assert "--weights none" in reason
    assert asked == [("tiny", "tiny.pth")]
    # the videos were not touched
    assert not list(tmp_path.rglob("checkpoints"))


def test_a_smoke_division_has_both_labels_on_every_side(division: Division) -> None:
    small = smoke_division(division)
    for side in ("train", "val", "test"):
        found: list[Clip] = small.side(side)
        assert {clip.positive for clip in found} == {True, False}
