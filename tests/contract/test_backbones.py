"""Every built-in backbone keeps the contract.

In: the names of the registry. Out: one contract class per name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import pytest

from slipdetect.backbones import create_backbone, get_spec
from slipdetect.backbones.registry import BUILT_IN
from slipdetect.models.tsn import WithoutDrawing
from slipdetect.testing import BackboneContract

# Built by the code of a backbone that is tested in full (resnet18, resnet50, resnest50, vgg16) with
# other numbers of blocks: what takes their size and shape is tried here, what moves every weight
# with the slow tests.
ONE_SIZE = "timm/vit_tiny_patch16_224"  # takes pictures of no other one
SIBLINGS = ("resnet34", "resnet101", "resnet152", "resnest101", "vgg16_bn", ONE_SIZE)
HEAVY = (
    "test_create_backbone_takes_ten_channels",
    "test_gradient_reaches_every_parameter",
    "test_state_survives_safetensors",
    "test_package_brings_the_network_back",
    "test_copy_is_independent",
)
# half a gigabyte, of layers that other networks have too
LARGE = {"vgg16": ("test_package_brings_the_network_back",)}


def _slow(test: Callable[..., None]) -> Callable[..., None]:
    @pytest.mark.slow
    @functools.wraps(test)
    def later(*args: object, **fixtures: object) -> None:
        test(*args, **fixtures)

    return later


def _contract(backbone: str) -> type[BackboneContract]:
    class_name = f"Test_{backbone}"
    facts = {"name": backbone, "skip_unavailable": True, "__module__": __name__}
    later = HEAVY if backbone in SIBLINGS else LARGE.get(backbone, ())
    facts |= {name: _slow(getattr(BackboneContract, name)) for name in later}
    return type(class_name, (BackboneContract,), facts)


for _name in BUILT_IN:
    globals()[f"Test_{_name}"] = _contract(_name)
Test_one_size = _contract(ONE_SIZE)


def test_the_contract_asks_for_a_fixed_size_to_be_said() -> None:
    contract = Test_one_size()
    contract.spec = replace(get_spec(contract.name), fixed_input_size=False)
    with WithoutDrawing():
        contract.network = create_backbone(contract.name).eval()
    with pytest.raises(AssertionError, match="448"):
        contract.test_a_size_that_is_not_fixed_may_be_another()
