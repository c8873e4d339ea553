"""``train``: options repeat the settings, data sets are chosen, a run ends in a usable model.

In: annotation files and tiny videos. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest

from slipdetect import backbones
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.command import choose_sources, train
from slipdetect.models import load_package
from synth import make_video
from tiny_clips import create_tiny

TINY = "--backbone resnet18 --input-size 32 --epochs 1 --windows-per-epoch 2 --batch-size 2"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Four clips of two data sets and four groups."""
    rows = ["path,label,start,end,group,dataset"]
    for index, kind in enumerate(("slip", "slip", "walk", "still")):
        make_video(tmp_path / f"{index}.mp4", kind, count=50 + index, size=(64, 48))
        event = "1.0,1.6" if kind == "slip" else ","
        label = "slip" if kind == "slip" else "other"
        rows.append(f"{index}.mp4,{label},{event},g{index},set{index % 2}")
    file = tmp_path / "clips.csv"
    file.write_text("\n".join(rows) + "\n")
    return file


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a network that costs nothing, and draw no picture of it."""
    monkeypatch.setattr(backbones, "create_backbone", create_tiny)
    monkeypatch.setattr("slipdetect.lab.train.records.draw_curves", lambda *args, **options: None)


def test_every_setting_is_an_option_with_its_help() -> None:
    options = {option.name: option for option in train.params}
    for item in fields(TrainConfig):
        assert item.metadata["help"].removesuffix(".") in options[item.name].help


def test_S13_segments_is_a_second_name(run) -> None:
    for option in ("--segments", "--num-segments"):
        shown = run("train", "--recipe", "two-stream-rgb", "--show", option, "1")
        assert shown.exit_code == 0, shown.output
        assert ["num_segments", "1", "command", "line"] in map(str.split, shown.stdout.splitlines())


@pytest.mark.parametrize(
    ("option", "value"),
    [("--epochs", "0"), ("--crop", "x"), ("--lr-steps", "a"), ("--lr", "nan"), ("--window", "0")],
)
def test_impossible_settings_are_2(run, data: Path, option: str, value: str) -> None:
    result = run("train", data, option, value)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_missing_annotation_file_is_3(run, tmp_path: Path) -> None:
    result = run("train", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1


def test_a_run_ends_in_a_model_that_detects(run, data: Path) -> None:
    out = data.parent / "runs" / "x"
    args = ["train", data, "--modality", "rgb", "--out", out, "--device", "cpu", *TINY.split()]
    result = run(*args, "--lr-steps", "1,2", "--partial-bn", "after-first")
    assert result.exit_code == 0, result.output
    assert f"slipdetect detect VIDEO --model {out / 'last'}" in result.stdout
    assert (data.parent / "runs" / "frame-cache").is_dir()
    found = run("detect", data.parent / "0.mp4", "--model", out / "last", "--device", "cpu")
    assert found.exit_code == 0, found.output
    again = run(*args)
    assert again.exit_code == 6
    assert "--overwrite" in again.stderr


def test_S18_options_of_the_backbone_are_in_the_model_and_in_what_goes_on_from_it(
    run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipdetect.lab.train.records.draw_curves", lambda *args, **options: None)
    tiny = TINY.replace("resnet18", "timm/resnet18").split()
    first, second = data.parent / "first", data.parent / "second"
    args = ["train", data, "--modality", "rgb", "--device", "cpu", *tiny]
    result = run(*args, "--out", first, "--backbone-option", "output_stride=8")
    assert result.exit_code == 0, result.output
    options = load_package(first / "last").config.streams[0].backbone_options
    assert options == {"output_stride": 8}
    shown = run("models", "show", first / "last")
    assert "output_stride = 8" in shown.stdout
    result = run(*args, "--out", second, "--from", first / "last")
    assert result.exit_code == 0, result.output
    assert load_package(second / "last").config.streams[0].backbone_options == options
    result = run(
        *(*args, "--out", data.parent / "third", "--from", first / "last"),
        *("--backbone-option", "output_stride=16"),
    )
    assert result.exit_code == 4
    assert "leave --backbone-option out" in result.stderr


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("radix=2", "has no option 'radix'; it has groups, "),
        ("groups", "NAME=VALUE"),
        ("groups=2", "BasicBlock only supports groups=1"),
    ],
)
def test_S18_options_that_there_are_not_are_2_before_a_video_is_read(
    run, data: Path, option: str, words: str
) -> None:
    out = data.parent / "out"
    result = run("train", data, *TINY.split(), "--out", out, "--backbone-option", option)
    assert result.exit_code == 2
    assert words in result.stderr.splitlines()[-1]
    assert not [path for path in (data.parent / "frame-cache").rglob("*") if path.is_file()]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_S30_a_learned_consensus_is_trained_saved_and_detects(
    run, data: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "runs" / kind
    options = f"--consensus {kind} --modality rgb --segments 3 --window 1 --partial-bn none".split()
    trained = run(
        *("train", data, "--out", out, "--device", "cpu", *options, "--lr", "0.003"),
        *("--backbone", "tiny", "--input-size", "32", "--epochs", "2"),
        *("--windows-per-epoch", "8", "--batch-size", "4"),
    )
    assert trained.exit_code == 0, trained.output
    head = load_package(out / "last").build_stream("rgb").consensus.head
    assert all(bool(weight.any()) for weight in head.parameters())
    shown = run("models", "show", out / "last")
    assert ["consensus", kind] in map(str.split, shown.stdout.splitlines())
    options = f"--model {out / 'last'} --format json --windows --device cpu".split()
    result = run("detect", tmp_path / "0.mp4", *options)
    assert result.exit_code == 0, result.output
    probabilities = {window["probability"] for window in json.loads(result.stdout)["windows"]}
    assert len(probabilities) > 3
    evaluated = run(
        "evaluate", "clips", out / "last", data, "--protocol", "25x1", "--device", "cpu"
    )
    assert evaluated.exit_code == 0, evaluated.output


def test_show_prints_the_recipe_and_trains_nothing(run, tmp_path: Path) -> None:
    shown = run("train", "--recipe", "course2020-flow", "--show", "--epochs", "3")
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["epochs", "3", "command", "line"] in lines
    assert ["batch_size", "16", "2020", "course", "report,", "Table", "5"] in lines
    assert ["crop_scales", "1,0.875,0.75", "the", "report's", "code"] in lines
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "DATA.csv"),
        (["x.csv", "--recipe", "sead"], "there is no recipe 'sead'"),
        (["x.csv", "--recipe", "two-stream", "--modality", "rgbdiff"], "no 'rgbdiff' stream"),
        (
            ["x.csv", "--recipe", "course2020", "--show", "--batch-size", "5", "--accumulate", "2"],
            "parts",
        ),
        (["x.csv", "--freeze", "head"], "stages:N"),
    ],
)
def test_recipes_that_make_no_sense_are_2(run, arguments: list[str], reason: str) -> None:
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert reason in result.stderr


@pytest.mark.usefixtures("small")
def test_an_interrupted_run_goes_on(run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slipdetect.lab.train.loop import Trainer

    out = data.parent / "runs" / "x"
    args = ["train", data, "--modality", "rgb", "--out", out, "--device", "cpu", *TINY.split()]

    def interrupt(self: Trainer, *rest: object) -> None:
        raise KeyboardInterrupt

    left: list[bool] = []
    monkeypatch.setattr("slipdetect.lab.train.processes.leave_processes", lambda: left.append(True))
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "step", interrupt)
        stopped = run(*args)
    assert not left
    assert stopped.exit_code == 130
    assert "--resume" in stopped.stderr
    done = run(*args, "--resume")
    assert done.exit_code == 0, done.output
    assert left  # of the other processes of a launch, once there is nothing more to do
    assert (out / "last" / "model.json").is_file()
    both = run(*args, "--resume", "--overwrite")
    assert both.exit_code == 2


@pytest.mark.usefixtures("small")
def test_a_clip_that_cannot_be_read_is_5_and_the_rest_is_trained(run, data: Path) -> None:
    with data.open("a") as stream:
        stream.write("gone.mp4,other,,,g9,set0\n")
    out = data.parent / "runs" / "x"
    args = ["train", data, "--modality", "rgb", "--out", out, "--device", "cpu", *TINY.split()]
    result = run(*args)
    assert result.exit_code == 5
    assert "gone.mp4" in result.stderr
    assert (out / "last" / "model.json").is_file()


def test_a_refused_start_does_not_stand_in_the_way_of_the_next(
    run, data: Path, request: pytest.FixtureRequest
) -> None:
    out = data.parent / "runs" / "x"
    args = ["train", data, "--modality", "rgb", "--out", out, "--device", "cpu", *TINY.split()]
    refused = run(*args, "--weights", data.parent / "none.safetensors")
    assert refused.exit_code == 4, refused.output
    request.getfixturevalue("small")
    done = run(*args)
    assert done.exit_code == 0, done.output


def clip(name: str, source: str) -> Clip:
    return Clip(Path(name), positive=False, source=source)


def test_data_sets_are_chosen_and_left_out() -> None:
    clips = [clip("a", "x"), clip("b", "y"), clip("c", "z")]
    assert choose_sources(clips, [], []) == clips
    assert choose_sources(clips, ["x", "y"], ["y"]) == clips[:1]
    assert choose_sources(clips, [], ["x"]) == clips[1:]
    with pytest.raises(UsageError, match="'w'; the file has x, y, z"):
        choose_sources(clips, ["w"], [])
    with pytest.raises(DataError, match="leave no clip"):
        choose_sources(clips, ["x"], ["x"])
