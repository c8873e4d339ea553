"""``train pose``: which options it has, what it refuses, and a run that ends in a model.

In: clips of drawn skeletons. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skeleton_clips import write_clips
from slipdetect.lab.pose.training import Member
from slipdetect.lab.train.recipes import POSE
from slipdetect.models import load_package
from synth import make_video

TINY = "--epochs 1 --set pictures=7 --set channels=4 --set members=1 --set steps=2 --seed 3"


@pytest.fixture
def args(tmp_path: Path, tiny_package: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    monkeypatch.setattr("slipdetect.lab.train.records.draw_curves", lambda *args, **options: None)
    data = write_clips(tmp_path / "clips", each=3)
    return [*TINY.split(), "--data", data, "--out", tmp_path / "pose", "--init-from", tiny_package]


def test_every_setting_is_listed_with_kind_limits_and_default(run) -> None:
    lines = run("train", "pose", "--settings").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    heads = {line.split()[0]: line for line in lines if line.startswith("  ") and line[2] != " "}
    assert set(heads) == set(POSE.by_name)
    assert heads["roll"] == "  roll  number, at least 0, degrees  [default: 6 degrees]"
    assert run("train", "--modality", "pose", "--settings").stdout.splitlines()[1:] == lines[1:]


def test_settings_are_set_and_shown(run, tmp_path: Path) -> None:
    given = ["--epochs", "9", "--set", "weight-decay=0.5", "--set", "simulated=1", "--lr", "0.5"]
    shown = run("train", "pose", "--show", *given)
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.stdout.splitlines()]
    for words in ("epochs 9", "weight_decay 0.5", "simulated 1", "lr 0.5"):
        assert [*words.split(), "command", "line"] in lines
    assert ["steps", "50", "default"] in lines
    recipe = tmp_path / "mine.toml"
    recipe.write_text('base = "pose"\nmodalities = ["pose"]\n[[pose]]\nfrom = "me"\nsteps = 7\n')
    lines = [line.split() for line in run("train", recipe, "--show").stdout.splitlines()]
    assert ["steps", "7", "me"] in lines


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pose", "--store", "x"], "--store does nothing for the pose stream"),
        (["pose", "--device", "cpu"], "--device does nothing for the pose stream"),
        (["pose", "--tensorboard"], "--tensorboard does nothing for the pose stream"),
        (["pose", "--negatives", "x"], "--negatives does nothing for the pose stream"),
        (["pose", "--backbone", "x"], "--backbone does nothing for the pose stream"),
        (["pose", "--weights", "x"], "--weights does nothing for the pose stream"),
        (["pose", "--batch-size", "2"], "--batch-size does nothing for the pose stream"),
        (["pose", "--workers", "2"], "--workers does nothing for the pose stream"),
        (["--modality", "rgb", "--modality", "pose"], "train the others first"),
        (["pose", "--modality", "rgb"], "recipe 'pose' has no 'rgb' stream"),
        (["tsn", "--modality", "pose"], "train it by 'slipdetect train pose', after the others"),
        (["pose", "--set", "ema=0.5"], "no setting 'ema'; slipdetect train pose --settings"),
        (["pose", "--set", "step=5"], "did you mean 'steps'?"),
        (["--set", "steps=5", "--show"], "there is no setting 'steps'"),
        (["pose", "--show", "--set", "dropout=1.5"], "dropout must be at most 0.99"),
        (["pose", "--show", "--set", "steps=0"], "steps must be at least 1"),
        (["pose", "--show", "--set", "steps=x"], "steps must be a whole number"),
        (["pose", "--steps", "3"], "write --set steps=VALUE"),
        (["pose"], "Missing option --data"),
    ],
)
def test_what_the_pose_stream_does_not_know_is_2(run, arguments: list[str], words: str) -> None:
    refused = run("train", *arguments)
    assert refused.exit_code == 2
    assert words in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.output


def test_a_run_ends_in_a_model_that_detects(run, tmp_path: Path, args: list[object]) -> None:
    result = run("train", "pose", *args)
    assert result.exit_code == 0, result.output
    package = tmp_path / "pose" / "last"
    assert "accuracy on 2 held-out clips" in result.stdout
    assert f"slipdetect detect VIDEO --model {package}" in result.stdout
    assert load_package(package).config.training["pose"]["config"]["seed"] == 3
    video = make_video(tmp_path / "slip.mp4", "slip", count=40, size=(64, 48)).path
    found = run("detect", video, "--model", package, "--format", "json", "--windows")
    assert found.exit_code == 0, found.output
    assert any(window["people"] is not None for window in json.loads(found.stdout)["windows"])
    again = run("train", "pose", *args)
    assert again.exit_code == 6
    assert "--overwrite" in again.stderr


def test_a_clip_that_cannot_be_read_is_5_and_the_rest_is_trained(
    run, tmp_path: Path, args: list[object]
) -> None:
    with (tmp_path / "clips" / "clips.csv").open("a") as stream:
        stream.write("gone.mp4,other,,,g9,drawn\n")
    result = run("train", "--modality", "pose", *args)
    assert result.exit_code == 5, result.output
    assert "gone.mp4" in result.stderr
    assert (tmp_path / "pose" / "last" / "model.json").is_file()


def test_an_interrupted_run_says_how_it_goes_on(
    run, args: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Member, "learn", interrupt)
        stopped = run("train", "pose", *args)
    assert stopped.exit_code == 130
    assert "interrupted; go on with the same command and --resume" in stopped.stderr
    assert run("train", "pose", *args, "--resume").exit_code == 0


def test_many_processes_are_refused(
    run, args: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    refused = run("train", "pose", *args)
    assert refused.exit_code == 2
    assert "trained by one process" in refused.stderr
