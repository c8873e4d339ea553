"""Every built-in backbone keeps the contract.

In: the names of the registry. Out: one contract class per name.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from slipdetect.backbones.registry import BUILT_IN
from slipdetect.testing import BackboneContract

# Built by the code of a backbone that is tested in full (resnet18, resnet50, resnest50, vgg16) with
# other numbers of blocks: what takes their size and shape is tried here, what moves every weight
# with the slow tests.
SIBLINGS = ("resnet34", "resnet101", "resnet152", "resnest101", "vgg16_bn")
HEAVY = (
    "test_create_backbone_takes_ten_channels",
    "test_gradient_reaches_every_parameter",
    "test_state_survives_safetensors",
    "test_package_brings_the_network_back",
)


def _slow(test: Callable[..., None]) -> Callable[..., None]:
    @pytest.mark.slow
    @functools.wraps(test)
    def later(*args: object, **fixtures: object) -> None:
        test(*args, **fixtures)

    return later


def _contract(backbone: str) -> type[BackboneContract]:
    class_name = f"Test_{backbone}"
    facts = {"name": backbone, "skip_unavailable": True, "__module__": __name__}
    if backbone in SIBLINGS:
        facts |= {name: _slow(getattr(BackboneContract, name)) for name in HEAVY}
    return type(class_name, (BackboneContract,), facts)


for _name in BUILT_IN:
    globals()[f"Test_{_name}"] = _contract(_name)
