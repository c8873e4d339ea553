"""Names, patterns, facts: what the backbone registry answers.

In: the built-in table and pyproject.toml. Out: agreement between them, and errors that help.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from slipdetect.backbones import (
    BackboneSpec,
    backbone_info,
    create_backbone,
    get_spec,
    list_backbones,
)
from slipdetect.backbones.registry import BUILT_IN, GROUP
from slipdetect.errors import BackboneUnavailable, ModelError, UsageError
from slipdetect.modalities.normalize import Normalization

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

# Feature length, side, color, range, mean, std: written down from the networks' publications.
FACTS = {
    "resnet18": (512, 224, "RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "resnet101": (2048, 224, "RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "resnest101": (2048, 224, "RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "vgg16": (4096, 224, "RGB", 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "bninception": (1024, 224, "BGR", 255.0, (104.0, 117.0, 128.0), (1.0, 1.0, 1.0)),
    "inceptionv4": (1536, 299, "RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "inceptionresnetv2": (1536, 299, "RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "efficientnet_lite0": (1280, 224, "RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}


@pytest.fixture(autouse=True)
def _no_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPDETECT_PLUGINS", "")


def test_pyproject_registers_what_the_table_says() -> None:
    registered = tomllib.loads(PYPROJECT.read_text())["project"]["entry-points"][GROUP]
    assert registered == BUILT_IN


def test_listing_is_sorted_and_filters() -> None:
    assert list_backbones() == sorted(BUILT_IN)
    assert list_backbones("inception*") == ["inceptionresnetv2", "inceptionv4"]
    assert list_backbones("nothing*") == []


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_is_available(name: str) -> None:
    # contract tests skip what does not load; here it fails, because the libraries are requirements
    info = backbone_info(name)
    assert info.available, info.reason


@pytest.mark.parametrize("name", FACTS)
def test_facts_of_built_ins(name: str) -> None:
    info = backbone_info(name)
    spec = info.spec
    assert spec is not None
    found = (spec.feature_dim, spec.input_size, spec.color, spec.value_range, spec.mean, spec.std)
    assert found == FACTS[name]


def test_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"unknown backbone 'resnet51'; did you mean 'resnet"):
        get_spec("resnet51")
    with pytest.raises(ModelError, match="'slipdetect backbones list' lists them"):
        backbone_info("qqq")


def test_timm_zoo_is_listed_only_when_asked_for() -> None:
    assert not any(name.startswith("timm/") for name in list_backbones())
    assert "timm/convnext_tiny" in list_backbones("timm/convnext*")


def test_timm_facts_come_from_a_dry_run() -> None:
    # This network's head is wider than its last stage: 1280, not timm's num_features 960.
    spec = get_spec("timm/mobilenetv3_large_100")
    assert (spec.feature_dim, spec.first_conv) == (1280, "conv_stem")


def test_a_network_of_one_size_says_so() -> None:
    fixed, free = (get_spec(f"timm/{name}") for name in ("vit_tiny_patch16_224", "resnet18"))
    assert (fixed.takes, free.takes) == ("exactly 224 x 224 px", "at least 32 x 32 px")
    fixed.require_size(224, 224)
    free.require_size(32, 260)
    for height, width in ((112, 112), (256, 256), (224, 240)):
        with pytest.raises(UsageError, match=f"exactly 224 x 224 px, got {height} x {width}"):
            fixed.require_size(height, width)
    with pytest.raises(UsageError, match="at least 32 x 32 px, got 40 x 31"):
        free.require_size(40, 31)


def test_an_option_may_free_the_size() -> None:
    name = "timm/vit_tiny_patch16_224"
    freed: Any = create_backbone(name, dynamic_img_size=True)
    assert (freed.spec.takes, freed.spec.input_size) == ("at least 112 x 112 px", 224)
    still: Any = create_backbone(name, qkv_bias=False)
    assert still.spec.fixed_input_size


@pytest.mark.parametrize("name", ["timm/nope", "timm/hf-hub:someone/something", "timm/"])
def test_timm_names_outside_the_zoo_are_refused(name: str) -> None:
    with pytest.raises(BackboneUnavailable, match="has no model"):
        get_spec(name)


@pytest.mark.parametrize(
    "wrong",
    [{"feature_dim": 0}, {"min_input_size": 225}, {"min_input_size": 0}, {"first_conv": ""}],
)
def test_impossible_facts_are_refused(wrong: dict[str, object]) -> None:
    facts: dict[str, object] = {
        "name": "x",
        "feature_dim": 8,
        "input_size": 224,
        "normalization": Normalization(),
        "first_conv": "conv",
        "license": "MIT",
    }
    BackboneSpec(**facts)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        BackboneSpec(**(facts | wrong))  # type: ignore[arg-type]
