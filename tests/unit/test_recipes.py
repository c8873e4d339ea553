"""Recipes: the published numbers, where each comes from, and what wins over what.

In: the recipes that come with slipdetect, and bad ones. Out: configurations, or an error.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from slipdetect.detection import model_folder
from slipdetect.errors import UsageError
from slipdetect.lab.course2020.tables import TABLES
from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.recipes import list_recipes, load_recipe
from slipdetect.lab.train.settings import recipe_page
from slipdetect.models import load_package

# Table 5 of the 2020 course report
TABLE_5 = {
    "rgb": {"epochs": 50, "batch_size": 24, "dropout": 0.8},
    "flow": {"epochs": 60, "batch_size": 16, "dropout": 0.7},
    "rgbdiff": {"epochs": 60, "batch_size": 12, "dropout": 0.8},
}
TABLE_5_COMMON = {"lr": 0.001, "momentum": 0.9, "weight_decay": 0.0005}

# the published training scripts of tsn-pytorch
TSN = {
    "rgb": (80, (30, 60), 0.8, 20.0, 3),
    "flow": (340, (190, 300), 0.7, 20.0, 3),
    "rgbdiff": (180, (80, 160), 0.8, 40.0, 7),
}


@pytest.mark.parametrize("modality", TABLE_5)
def test_the_course2020_recipe_is_table_5(modality: str) -> None:
    recipe = load_recipe(f"course2020-{modality}")
    assert recipe.modalities == (modality,)
    (settings,) = recipe.resolved().values()
    for key, value in {**TABLE_5[modality], **TABLE_5_COMMON}.items():
        assert settings[key].value == value
        assert settings[key].origin == "2020 course report, Table 5"
    (config,) = recipe.configs().values()
    assert (config.backbone, config.num_segments, config.consensus) == ("resnet101", 3, "avg")
    assert (config.optimizer, config.schedule, config.lr_steps) == ("sgd", "step", (20, 60))
    assert config.partial_bn == "after-first"
    assert config.clip_gradient == 20.0
    assert (config.crop, config.train_crop, config.sampling) == ("center", "multiscale", "clips")
    sides = [round(256 * scale) for scale in config.crop_scales]
    assert sides == ([256, 224, 192, 169] if modality == "rgb" else [256, 224, 192])
    changed = (config.contrast, config.brightness, config.tint, config.gray, config.noise)
    assert changed == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("modality", TSN)
def test_the_tsn_recipe_is_the_published_one(modality: str) -> None:
    (config,) = load_recipe(f"tsn-{modality}").configs().values()
    found = (
        config.epochs,
        config.lr_steps,
        config.dropout,
        config.clip_gradient,
        config.num_segments,
    )
    assert found == TSN[modality]
    assert (config.backbone, config.batch_size, config.lr) == ("bninception", 128, 1e-3)
    # the paper's own are others; these are the later code's
    settings = load_recipe(f"tsn-{modality}").resolved()[modality]
    assert {settings[key].origin for key in ("batch_size", "lr")} == {"tsn-pytorch"}


def test_the_two_stream_recipe_sums_three_frames_and_stacks_ten_flows() -> None:
    configs = load_recipe("two-stream").configs()
    assert set(configs) == {"rgb", "flow"}
    rgb, flow = configs["rgb"], configs["flow"]
    assert (rgb.num_segments, rgb.consensus) == (3, "sum")
    assert (flow.num_segments, flow.snippet_length) == (1, 10)
    assert flow.flow_statistics == (0.0, 1.0)
    for config in (rgb, flow):
        assert (config.schedule, config.plateau_patience) == ("plateau", 1)
        assert (config.optimizer, config.weight_decay) == ("sgd-plain", 0.0)


def test_the_default_recipe_is_the_bundled_model_s() -> None:
    recipe = load_recipe("default")
    training = load_package(model_folder("default")).config.training
    bundled = training["config"]
    found = recipe.configs({"weights": "pypi", "input_size": 112, "seed": bundled["seed"]})
    for stream, config in found.items():
        expected = {**bundled, **training["differing"][stream]}
        assert json.loads(json.dumps(asdict(config))) == expected
    assert set(found) == {"rgbdiff", "flow"}
    assert recipe.only(["rgb"]).configs() == {"rgb": TrainConfig(detection_window=2.4)}


def test_resnest_is_there_as_the_report_trained_it_and_with_what_it_left_out() -> None:
    seed, plain = load_recipe("course2020"), load_recipe("course2020-resnest")
    rectified = load_recipe("course2020-resnest-rectified")
    for modality, settings in plain.resolved().items():
        other = [k for k, v in settings.items() if v != seed.resolved()[modality][k]]
        assert other == ["backbone", "backbone_option"]
        assert settings["backbone_option"].origin == "2020 course report, 3.3: left out"
    (config,) = load_recipe("course2020-resnest-rectified-rgb").configs().values()
    assert config.weights is None
    assert rectified.modalities == ("rgb", "flow", "rgbdiff")
    wanted = ("rectify=true", "groups=2", "radix=4", "bottleneck_width=40")
    assert {config.backbone_option for config in rectified.configs().values()} == {wanted}


def test_S16_vgg_drops_nine_and_eight_tenths_of_its_flow_features() -> None:
    flow = load_recipe("two-stream-vgg").resolved()["flow"]
    assert (flow["backbone"].value, flow["num_segments"].value) == ("vgg16", 1)
    assert flow["backbone_option"].value == ("dropout=0.9",)
    assert flow["dropout"].value == 0.8
    assert {flow[key].origin for key in ("backbone_option", "dropout")} == {
        "the report's first code"
    }
    trials = {trial.key: trial for trial in TABLES["table2"].trials}
    recipe = trials["two-stream-vgg16-flow-475"].recipe
    assert load_recipe(recipe).resolved()["flow"] == flow
    assert trials["two-stream-resnet101-flow-475"].recipe == "two-stream-flow"


def test_a_recipe_changes_its_base(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('base = "course2020"\n[[common]]\nlr = 0.5\n[[rgb]]\nepochs = 2\n')
    settings = load_recipe(str(file)).resolved()
    assert set(settings) == {"rgb", "flow", "rgbdiff"}
    assert [settings[name]["epochs"].value for name in settings] == [2, 60, 60]
    assert settings["flow"]["lr"].value == 0.5
    assert settings["flow"]["dropout"].origin == "2020 course report, Table 5"


@pytest.mark.parametrize("name", ["default", "tsn"])
def test_a_file_may_be_called_like_the_recipe_that_it_changes(tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.toml"
    file.write_text(f'base = "{name}"\n[[common]]\nlr = 0.5\n')
    recipe, base = load_recipe(str(file)), load_recipe(name)
    assert recipe.modalities == base.modalities
    wanted = base.configs({"lr": 0.5})
    assert recipe.configs() == wanted


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_makes_configurations_and_a_page(name: str) -> None:
    recipe = load_recipe(name)
    assert set(recipe.configs()) == set(recipe.modalities)
    page = recipe_page(recipe, {})
    assert recipe.description in page
    assert all(len(line) <= 100 for line in page.splitlines())
    assert "- px" not in page


def test_what_is_given_wins_and_says_so() -> None:
    recipe = load_recipe("course2020")
    configs = recipe.configs({"epochs": 3, "crop_scales": (1.0,)})
    assert {config.epochs for config in configs.values()} == {3}
    assert {config.batch_size for config in configs.values()} == {24, 16, 12}
    lines = recipe_page(recipe, {"epochs": 3}).splitlines()
    (epochs,) = [line.split() for line in lines if line.split()[:1] == ["epochs"]]
    assert epochs == ["epochs", "3", "command", "line"]
    batches = [line for line in lines if line.split()[:1] == ["batch_size"]]
    assert [line.endswith("  2020 course report, Table 5") for line in batches] == [True] * 3
    assert "(flow)" in batches[1]


def test_a_recipe_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(
        'modalities = ["flow"]\n[[common]]\nlr = 1\nlr_steps = [1, 2]\n'
        '[[flow]]\nfrom = "a talk"\nepochs = 9\n'
    )
    recipe = load_recipe(str(file))
    settings = recipe.resolved()["flow"]
    assert (settings["lr"].value, settings["lr"].origin) == (1.0, "mine.toml")
    assert isinstance(settings["lr"].value, float)
    assert (settings["epochs"].value, settings["epochs"].origin) == (9, "a talk")
    assert settings["lr_steps"].value == (1, 2)
    assert (settings["momentum"].value, settings["momentum"].origin) == (0.9, "default")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[common]]\nspeeed = 2\n", "no setting 'speeed'"),
        ("[common]\nlr = 1.0\n", r"must be written as \[\[common\]\]"),
        ("[[sound]]\nlr = 1.0\n", "'sound' means nothing"),
        ("lr = 1.0\n", r"'lr' means nothing here; settings stand in a section \[\[common\]\]"),
        ("[[common]]\nepochs = 0\n", "epochs must be at least 1"),
        ('[[common]]\ncrop = "none"\n', "crop must be one of"),
        ('[[common]]\nepochs = "many"\n', "epochs"),
        ("lr = = 1", "cannot read recipe"),
        ('base = "sead"\n', "no base 'sead'; choose from course2020, "),
        ("base = 5\n", "no base 5"),
        ('[[common]]\nbackbone_option = ["rectify"]\n', "NAME=VALUE.*'rectify'"),
        ('[[common]]\nbackbone_option = ["a=1", "a=2"]\n', "'a' is given twice"),
        ('modalities = ["sound"]\n', "sound"),
        ("modalities = 5\n", "modalities must be a list"),
        ('modalities = "rgb"\n', "modalities must be a list"),
        ("modalities = []\n", "modalities must be a list"),
        ("[[common]]\nlr_steps = 20\n", "lr_steps must be a list.*whole number"),
        ("[[common]]\nlr_steps = [2.5]\n", "lr_steps must be a list.*whole number"),
        ('[[common]]\ncrop_scales = [1, "x"]\n', "crop_scales must be a list"),
        ("[[common]]\nepochs = 2.5\n", "epochs must be a whole number"),
        ("[[common]]\nepochs = true\n", "epochs must be a whole number"),
        ('[[common]]\nbackbone = ["a"]\n', "backbone must be a text"),
        ("[[common]]\npartial_bn = true\n", "partial_bn must be a text"),
    ],
)
def test_bad_recipes_say_what_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    file = tmp_path / "bad.toml"
    file.write_text(text)
    with pytest.raises(UsageError, match=reason):
        load_recipe(str(file))


@pytest.mark.parametrize("name", ["seeds", "two-stream-rgbdiff", "nowhere.toml", "../seed"])
def test_unknown_recipes_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"recipe"):
        load_recipe(name)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(UsageError, match="no setting 'epoch'"):
        load_recipe("course2020").configs({"epoch": 3})
