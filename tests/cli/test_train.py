"""``train``: options repeat the settings, data sets are chosen, a run ends in a usable model.

In: annotation files and tiny videos. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import pytest

from slipdetect import backbones
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data import Clip, frame_cache
from slipdetect.lab.train.command import choose_datasets, train
from slipdetect.lab.train.config import SETTINGS
from slipdetect.lab.train.recipes import list_recipes
from slipdetect.models import load_package
from synth import make_video
from tiny_clips import create_tiny

TINY = "--backbone resnet18 --epochs 1 --batch-size 2 --set input_size=32 --set windows_per_epoch=2"


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


def test_the_help_page_is_short_and_names_every_recipe(run) -> None:
    page = run("train", "--help", terminal_width=100).stdout
    assert len(page.splitlines()) <= 80
    assert max(map(len, page.splitlines())) <= 100
    for name in list_recipes():
        assert name in page
    for title in ("Clips:", "Training (where not given, as RECIPE says):", "Run:", "Information:"):
        assert f"\n{title}\n" in page


def test_the_help_page_promises_no_value_that_the_recipe_replaces() -> None:
    options = [option for option in train.params if option.name in SETTINGS]
    assert len(options) == 8
    for option in options:
        _, text = option.get_help_record(click.Context(train))
        assert text == SETTINGS[option.name].metadata["help"]


def test_settings_lists_each_with_kind_limits_and_what_holds_without_it(run) -> None:
    lines = run("train", "--settings").stdout.splitlines()
    assert max(map(len, lines)) <= 100
    heads = {line.split()[0]: line for line in lines if line.startswith("  ") and line[2] != " "}
    assert set(heads) == set(SETTINGS)
    text = " ".join(" ".join(lines).split())
    for item in SETTINGS.values():
        assert item.metadata["help"] in text
    assert heads["ema"] == "  ema  number, 0 to 0.99999  [default: 0]"
    assert heads["epochs"] == "  epochs  whole number, at least 1  [default: 4]"
    assert heads["short_side"] == "  short_side  whole number, at least 16, px  [default: 240 px]"
    assert heads["lr_steps"].startswith("  lr_steps  whole numbers, a list, at least 1  ")
    # of the recipe, by stream where the streams differ
    assert heads["flow_method"].endswith("[default: tvl1 (rgbdiff); dis-fast (flow)]")
    seed = run("train", "course2020-rgb", "--settings").stdout
    assert "  epochs  whole number, at least 1  [default: 50]\n" in seed


def settings_of(run, *args: object) -> dict[str, str]:
    """Return the value of every setting by ``--show``."""
    shown = run("train", "two-stream-rgb", "--show", *args)
    assert shown.exit_code == 0, shown.output
    found = [line.split() for line in shown.stdout.splitlines() if line.startswith("  ")]
    return {words[0]: words[1] for words in found}


def test_every_setting_can_be_set(run) -> None:
    """Each to another value than it has, all at once; written with hyphens it is the same."""
    other = {
        **{"backbone": "resnet18", "weights": "none", "num_segments": "5", "crop": "motion"},
        **{"lr_steps": "3,9", "crop_scales": "1,0.5", "freeze": "stages:2", "optimizer": "adamw"},
        **{
            "partial_bn": "after-first",
            "clip_gradient": "2",
            "ema": "0.5",
            "class_weights": "balanced",
        },
        **{"flow_statistics": "0,2", "snippet_length": "4", "input_size": "64", "lr": "0.5"},
    }
    before = settings_of(run)
    for spell in (str, lambda name: name.replace("_", "-")):
        pairs = [arg for name, text in other.items() for arg in ("--set", f"{spell(name)}={text}")]
        after = settings_of(run, *pairs)
        for name, text in other.items():
            assert after[name] == text.replace("none", "not") != before[name]
        assert {k: v for k, v in after.items() if k not in other} == {
            k: v for k, v in before.items() if k not in other
        }


@pytest.mark.parametrize("number", ["1", "3", "5"])
def test_S13_the_number_of_segments_is_set(run, number: str) -> None:
    assert settings_of(run, "--set", f"num_segments={number}")["num_segments"] == number


def test_options_of_their_own_and_set_are_one(run) -> None:
    assert settings_of(run, "--epochs", "3") == settings_of(run, "--set", "epochs=3")
    assert settings_of(run, "--set", "epochs=9", "--set", "epochs=3")["epochs"] == "3"
    # the recipe's are of ImageNet
    assert settings_of(run)["weights"] == "imagenet"
    assert settings_of(run, "--weights", "none") == settings_of(run, "--set", "weights=none")
    twice = run("train", "--show", "--epochs", "3", "--set", "epochs=4")
    assert twice.exit_code == 2
    assert "epochs is given by an option of its own and by --set" in twice.stderr


def test_what_is_typed_wins_over_the_environment(run) -> None:
    shown = [
        run("train", "--show", *args, env=env).stdout
        for args, env in (
            (("--set", "epochs=3"), {"SLIPDETECT_TRAIN_EPOCHS": "9"}),
            (("--epochs", "3"), {"SLIPDETECT_TRAIN_SET": "epochs=9"}),
            ((), {"SLIPDETECT_TRAIN_SET": "epochs=3"}),
        )
    ]
    assert shown == [run("train", "--show", "--epochs", "3").stdout] * 3


def test_a_settings_file_sets_any_of_them(run, tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        "[train]\nepochs = 3\n[train.set]\nema = 0.5\nlr-steps = [3, 9]\n"
        'backbone = "resnest101"\nbackbone_option = ["radix=4", "groups=2"]\n'
    )
    found = settings_of(run, "--config", file)
    wanted = {"epochs": "3", "ema": "0.5", "lr_steps": "3,9", "backbone_option": "radix=4,groups=2"}
    assert {name: found[name] for name in wanted} == wanted
    file.write_text("[train.set]\nema = 2\n")
    refused = run("train", "--show", "--config", file)
    assert refused.exit_code == 2
    assert f"ema must be at most 0.99999, not 2.0 (set by {file})" in refused.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--epochs", "0"], "epochs must be at least 1"),
        (["--set", "crop=x"], "crop must be one of motion, center"),
        (["--set", "lr_steps=a"], "lr_steps must be a list of which each is a whole number"),
        (["--lr", "nan"], "lr must be at least 0"),
        (["--set", "window=0"], "window must be at least 0.1"),
        (["--set", "batch_size=2.5"], "batch_size must be a whole number"),
        (["--set", "ema"], "NAME=VALUE"),
        (["--set", "em=0.5"], "did you mean 'ema'?"),
        (["--set", "qqqq=0.5"], "train --settings lists all"),
        (["--lr-steps", "3"], "No such option '--lr-steps'; write --set lr_steps=VALUE."),
    ],
)
def test_impossible_settings_are_2(run, args: list[str], words: str) -> None:
    result = run("train", *args)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("more", [[], ["--show"]])
def test_a_size_that_the_network_cannot_take_is_2_before_a_clip_is_read(
    run, data: Path, more: list[str]
) -> None:
    backbone = "timm/vit_tiny_patch16_224"
    args = ["--modality", "rgb", "--backbone", backbone, "--set", "input_size=112", *more]
    cache, out = data.parent / "cache", data.parent / "run"
    result = run("train", "--data", data, "--out", out, "--cache", cache, "--device", "cpu", *args)
    assert result.exit_code == 2
    assert f"{backbone} needs pictures of exactly 224 x 224 px, got 112 x 112" in result.stderr
    assert "--set input_size=224, or choose another --backbone" in result.stderr
    assert not cache.exists() or not list(cache.iterdir())
    assert not out.exists()


def test_a_missing_annotation_file_is_3(run, tmp_path: Path) -> None:
    result = run("train", "--data", tmp_path / "none.csv", "--out", tmp_path / "run")
    assert result.exit_code == 3
    assert result.stderr.count("\n") == 1


def test_a_run_ends_in_a_model_that_detects(run, data: Path) -> None:
    out = data.parent / "runs" / "x"
    args = [
        "train",
        "--data",
        data,
        "--modality",
        "rgb",
        "--out",
        out,
        "--device",
        "cpu",
        *TINY.split(),
    ]
    result = run(*args, "--set", "lr_steps=1,2", "--set", "partial_bn=after-first")
    assert result.exit_code == 0, result.output
    # four clips of 20 or 21 pictures, 64 x 48 px
    assert "decoded clips will take about 1 MB in " in result.stderr
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
    args = ["train", "--data", data, "--modality", "rgb", "--device", "cpu", *tiny]
    result = run(*args, "--out", first, "--set", "backbone_option=output_stride=8")
    assert result.exit_code == 0, result.output
    options = load_package(first / "last").config.streams[0].backbone_options
    assert options == {"output_stride": 8}
    shown = run("models", "show", first / "last")
    assert "output_stride = 8" in shown.stdout
    result = run(*args, "--out", second, "--init-from", first / "last")
    assert result.exit_code == 0, result.output
    assert load_package(second / "last").config.streams[0].backbone_options == options
    result = run(
        *(*args, "--out", data.parent / "third", "--init-from", first / "last"),
        *("--set", "backbone_option=output_stride=16"),
    )
    assert result.exit_code == 4
    assert "leave backbone_option out" in result.stderr


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
    result = run(
        "train", "--data", data, *TINY.split(), "--out", out, "--set", f"backbone_option={option}"
    )
    assert result.exit_code == 2
    assert words in result.stderr.splitlines()[-1]
    assert not [path for path in (data.parent / "frame-cache").rglob("*") if path.is_file()]
    assert not out.exists()
    shown = run("train", *TINY.split(), "--set", f"backbone_option={option}", "--show")
    assert shown.exit_code == 2
    assert words in shown.stderr


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_S30_a_learned_consensus_is_trained_saved_and_detects(
    run, data: Path, tmp_path: Path, kind: str
) -> None:
    out = tmp_path / "runs" / kind
    settings = (f"consensus={kind}", "num_segments=3", "window=1", "partial_bn=none")
    options = ["--modality", "rgb", *(arg for each in settings for arg in ("--set", each))]
    trained = run(
        *("train", "--data", data, "--out", out, "--device", "cpu", *options, "--lr", "0.003"),
        *("--backbone", "tiny", "--set", "input_size=32", "--epochs", "2"),
        *("--set", "windows_per_epoch=8", "--batch-size", "4"),
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
    shown = run("train", "course2020-flow", "--show", "--epochs", "3")
    assert shown.exit_code == 0, shown.output
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["epochs", "3", "command", "line"] in lines
    assert ["batch_size", "16", "2020", "course", "report,", "Table", "5"] in lines
    assert ["crop_scales", "1,0.875,0.75", "the", "report's", "code"] in lines
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "--data"),
        (["clips.csv"], "'clips.csv' is not a recipe; give a list of clips by --data clips.csv"),
        (["sead", "--data", "x.csv"], "there is no recipe 'sead'"),
        (["two-stream", "--show", "--modality", "rgbdiff"], "no 'rgbdiff' stream"),
        (["course2020", "--show", "--batch-size", "5", "--set", "accumulate=2"], "parts"),
        (["--show", "--set", "freeze=head"], "stages:N"),
        (["--show", "--set", "consensus=rnn"], "--set num_segments=3"),
        (["--show", "--set", "consensus=weighted"], "any number of snippets"),
        (["--show", "--set", "flow_method=none"], "none"),
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
    args = [
        "train",
        "--data",
        data,
        "--modality",
        "rgb",
        "--out",
        out,
        "--device",
        "cpu",
        *TINY.split(),
    ]

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
    args = [
        "train",
        "--data",
        data,
        "--modality",
        "rgb",
        "--out",
        out,
        "--device",
        "cpu",
        *TINY.split(),
    ]
    result = run(*args)
    assert result.exit_code == 5
    assert "gone.mp4" in result.stderr
    assert (out / "last" / "model.json").is_file()


def test_a_refused_start_does_not_stand_in_the_way_of_the_next(
    run, data: Path, request: pytest.FixtureRequest
) -> None:
    out = data.parent / "runs" / "x"
    args = [
        "train",
        "--data",
        data,
        "--modality",
        "rgb",
        "--out",
        out,
        "--device",
        "cpu",
        *TINY.split(),
    ]
    refused = run(*args, "--weights", data.parent / "none.safetensors")
    assert refused.exit_code == 4, refused.output
    request.getfixturevalue("small")
    done = run(*args)
    assert done.exit_code == 0, done.output


def test_clips_that_the_disk_has_no_room_for_are_6_before_one_is_read(
    run, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = SimpleNamespace(free=700_000)
    monkeypatch.setattr(frame_cache.shutil, "disk_usage", lambda folder: full)
    cache, out = data.parent / "cache", data.parent / "run"
    args = ["--modality", "rgb", *TINY.split(), "--device", "cpu", "--cache", cache, "--out", out]
    result = run("train", "--data", data, *args)
    assert result.exit_code == 6
    told = result.stderr.splitlines()[-1]
    assert told.startswith("Error: decoded clips will take about 1 MB in ")
    assert "where 1 MB are free; free some space, choose another folder" in told
    assert not list(cache.iterdir())
    assert not out.exists()


def clip(name: str, dataset: str) -> Clip:
    return Clip(Path(name), positive=False, dataset=dataset)


def test_data_sets_are_chosen_and_left_out() -> None:
    clips = [clip("a", "x"), clip("b", "y"), clip("c", "z")]
    assert choose_datasets(clips, [], []) == clips
    assert choose_datasets(clips, ["x", "y"], ["y"]) == clips[:1]
    assert choose_datasets(clips, [], ["x"]) == clips[1:]
    with pytest.raises(UsageError, match="'w'; the file has x, y, z"):
        choose_datasets(clips, ["w"], [])
    with pytest.raises(DataError, match="leave no clip"):
        choose_datasets(clips, ["x"], ["x"])


def test_show_refuses_a_backbone_that_there_is_not(run) -> None:
    refused = run("train", "--show", "--backbone", "resnet19")
    assert refused.exit_code == 4
    assert "resnet19" in refused.stderr


def test_a_run_goes_on_from_a_model_of_any_make(run, data: Path, tiny_package: Path) -> None:
    """Streams, backbone and length of snippets are the model's: its weights fit no others."""
    shown = run("train", "--show", "--init-from", tiny_package)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("recipe default: rgb\n")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["backbone", "resnet18", "model", str(tiny_package)] in lines
    out = data.parent / "runs" / "x"
    args = ["train", "--data", data, "--out", out, "--device", "cpu", "--init-from", tiny_package]
    small = TINY.removeprefix("--backbone resnet18").split()
    result = run(*args, *small)
    assert result.exit_code == 0, result.output
    (stream,) = load_package(out / "last").config.streams
    assert (stream.modality, stream.backbone) == ("rgb", "resnet18")
    other = run(*args, "--overwrite", "--backbone", "resnet34", *small)
    assert other.exit_code == 4
    assert "change --backbone" in other.stderr


def test_training_says_what_to_install(run, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "accelerate", None)
    out = data.parent / "runs" / "x"
    result = run("train", "--data", data, "--out", out, *TINY.split())
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].endswith(
        "this needs accelerate, which is not installed; pip install 'slipdetect[train]'"
    )
    assert not out.exists()


def test_names_that_are_too_long_are_refused_in_a_line(run, data: Path, tmp_path: Path) -> None:
    """The system refuses them wherever it is asked whether there is such a file."""
    name = "x" * 5000
    for code, *args in (
        (2, "describe", name),
        (3, "plot", name, "--out", tmp_path / "x.png"),
        (2, "models", "import", name, "--out", tmp_path / "model"),
        (2, "train", "--data", data, "--out", name, *TINY.split()),
    ):
        result = run(*args)
        assert result.exit_code == code, (args[0], result.stderr[-300:])
        assert "internal error" not in result.stderr
