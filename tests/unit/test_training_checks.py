"""What a run warns of before it begins: settings that do nothing, and validation that cannot judge.

In: configurations and clips. Out: sentences, or none.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from slipdetect.errors import UsageError
from slipdetect.lab.data import Clip
from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.checks import held_out_warnings, require_trainable, warnings
from slipdetect.lab.train.recipes import list_recipes, load_recipe


@pytest.mark.parametrize(
    ("modality", "changes", "named"),
    [
        ("rgb", {"sampling": "clips", "windows_per_epoch": 9}, "windows_per_epoch"),
        ("rgb", {"momentum": 0.5}, "momentum"),
        ("rgb", {"optimizer": "sgd", "head_lr_mult": 2.0}, "head_lr_mult"),
        ("rgb", {"lr_steps": (3,)}, "lr_steps"),
        ("rgb", {"plateau_patience": 3}, "plateau_patience"),
        ("rgb", {"train_crop": "multiscale", "scale_jitter": 0.1}, "scale_jitter"),
        ("rgb", {"crop_scales": (1.0,)}, "crop_scales"),
        ("rgbdiff", {"flow_bound": 20.0}, "flow_bound"),
        ("rgb", {"snippet_length": 7}, "snippet_length"),
        ("flow", {"contrast": 0.1}, "contrast"),
        ("rgb", {"init_from": "default", "weights": "imagenet"}, "weights"),
        ("rgb", {"class_weights": "balanced"}, "class_weights"),
    ],
)
def test_a_setting_that_does_nothing_is_named(
    modality: str, changes: dict[str, Any], named: str
) -> None:
    config = TrainConfig(**{"partial_bn": "none", **changes})
    (sentence,) = warnings({modality: config})
    assert sentence.startswith(f"{named} does nothing here: ")
    assert warnings({modality: TrainConfig(partial_bn="none")}) == []


def test_a_setting_that_some_stream_uses_is_not_named() -> None:
    config = TrainConfig(partial_bn="none", snippet_length=7, flow_bound=20.0, contrast=0.1)
    assert warnings({"rgb": config, "flow": config}) == []


@pytest.mark.parametrize("name", [name for name in list_recipes() if name != "default"])
def test_recipes_hold_nothing_that_does_nothing(name: str) -> None:
    configs = load_recipe(name).configs()
    assert warnings(configs) == []
    for modality, config in configs.items():
        assert warnings({modality: config}) == []


def test_a_random_network_with_frozen_batch_norms_is_warned_of() -> None:
    (sentence,) = warnings(load_recipe("default").configs())
    assert "--weights" in sentence
    assert "--set partial_bn=none" in sentence
    assert warnings(load_recipe("default").configs({"weights": "pypi"})) == []


@pytest.mark.parametrize("kind", ["rnn", "cnn"])
def test_windows_of_one_snippet_have_no_order_to_learn(kind: str) -> None:
    one, three = (TrainConfig(consensus=kind, num_segments=number) for number in (1, 3))
    with pytest.raises(UsageError, match=f"consensus {kind}.*rgbdiff has one.*num_segments=3"):
        require_trainable({"rgb": three, "rgbdiff": one}, "x")
    require_trainable({"rgb": three, "rgbdiff": three}, "x")


def clip(positive: bool, events: tuple[tuple[float, float], ...] = ()) -> Clip:
    return Clip(Path("x.mp4"), positive, events, "g")


def test_validation_that_cannot_judge_is_warned_of() -> None:
    config = TrainConfig(early_stop=2)
    nothing, stops = held_out_warnings(config, [], whole=True)
    assert "nothing is validated" in nothing
    assert "early_stop" in stops
    wanted = TrainConfig(validation=0.0)
    assert held_out_warnings(wanted, [], whole=True) == []
    (one,) = held_out_warnings(config, [clip(True), clip(True)], whole=True)
    assert "2 clips with a slip and 0 without" in one
    assert held_out_warnings(config, [clip(True), clip(False)], whole=True) == []
    timed = [clip(True, ((1.0, 2.0),))]
    assert held_out_warnings(config, timed, whole=False) == []
    assert len(held_out_warnings(config, timed, whole=True)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 1.0},
        {"validation": 1.0},
        {"partial_bn": "some"},
        {"lr_steps": (0,)},
        {"epochs": 10**400},
    ],
)
def test_impossible_settings_are_refused_where_they_are_given(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(changes))):
        TrainConfig(**changes)


def test_the_docstring_says_what_each_setting_means() -> None:
    lines = (TrainConfig.__doc__ or "").splitlines()
    assert "    short_side (px): Shorter side of the frames read." in lines
    for item in fields(TrainConfig):
        names = (f"    {item.name}: ", f"    {item.name} (")
        (line,) = [line for line in lines if line.startswith(names)]
        assert line.endswith(item.metadata["help"])
