"""TSN around every built-in backbone, in every modality: shapes and gradients.

In: random clips of the smallest picture a backbone takes. Out: nothing but assertions.
"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from slipdetect import backbones
from slipdetect.backbones import backbone_info, get_spec, list_backbones
from slipdetect.backbones.stem import adapt_first_conv
from slipdetect.models import TSN
from slipdetect.models.weights_file import is_finite

CHANNELS = {"rgb": (9, 3), "flow": (30, 10), "rgbdiff": (54, 15)}
# one network of each library in every modality; the stems of all are tried in test_backbones.py,
# so that one modality, in turn, shows that the others learn; and with the slow tests that those do
# which are others with more blocks
WHOLE = ("resnet18", "bninception", "efficientnet_lite0")
DEEPER = ("resnet34", "resnet101", "resnet152", "resnest101", "vgg16_bn")
CASES = [
    pytest.param(
        name,
        modality,
        marks=()
        if name in WHOLE or (number % 3 == turn and name not in DEEPER)
        else pytest.mark.slow,
    )
    for number, name in enumerate(list_backbones())
    for turn, modality in enumerate(CHANNELS)
]


@pytest.fixture(scope="module")
def drawn() -> dict[str, nn.Module]:
    """The last backbone that was drawn, by its name: drawing one costs more than running it."""
    return {}


@pytest.fixture
def _drawn_once(drawn: dict[str, nn.Module], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the modalities of a backbone begin with the same weights: no step changes them."""
    create = backbones.create_backbone

    def copied(name: str, in_channels: int = 3, weights: None = None) -> nn.Module:
        if name not in drawn:
            drawn.clear()
            drawn[name] = create(name)
        kept = {id(weight): weight for weight in drawn[name].parameters()}
        network = copy.deepcopy(drawn[name], kept)
        network.zero_grad()
        if in_channels != 3:
            adapt_first_conv(network, get_spec(name).first_conv, in_channels)
        return network

    monkeypatch.setattr(backbones, "create_backbone", copied)


def check(name: str, modality: str, size: int) -> None:
    """Run two clips of three snippets through a fresh network and back."""
    stored, seen = CHANNELS[modality]
    torch.manual_seed(0)
    network = TSN(name, modality, dropout=0.0, partial_bn=False)
    # the head's tiny initial weights would hide a vanished gradient among rounding errors
    torch.nn.init.normal_(network.classifier.weight)
    assert network.first_conv.in_channels == seen
    logits = network(torch.randn(2, stored, size, size))
    assert logits.shape == (2, 2)
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1])).backward()
    for key, parameter in network.named_parameters():
        assert parameter.requires_grad, key
        assert parameter.grad is not None, key
        assert is_finite(parameter.grad), key
    first = network.first_conv.weight.grad
    assert first is not None
    assert torch.count_nonzero(first.sum(dim=(0, 2, 3))) == seen


@pytest.mark.usefixtures("_drawn_once")
@pytest.mark.parametrize(("name", "modality"), CASES)
def test_every_backbone_learns_every_modality(name: str, modality: str) -> None:
    info = backbone_info(name)
    if info.spec is None:
        pytest.skip(f"{name}: {info.reason}")
    check(name, modality, info.spec.min_input_size)


def test_S21_inception_v3_of_the_zoo_learns() -> None:
    """Not built in: any network of timm is a backbone by its name there."""
    spec = get_spec("timm/inception_v3")
    assert (spec.feature_dim, spec.input_size) == (2048, 299)
    assert (spec.mean, spec.std) == ((0.5,) * 3, (0.5,) * 3)
    check("timm/inception_v3", "flow", 96)


@pytest.mark.slow
@pytest.mark.parametrize("modality", list(CHANNELS))
@pytest.mark.parametrize("name", ["resnet18", "efficientnet_lite0"])
def test_full_size_pictures(name: str, modality: str) -> None:
    check(name, modality, get_spec(name).input_size)


@pytest.mark.parametrize("name", ["resnet18", "resnest50", "bninception", "efficientnet_lite0"])
def test_partial_bn_leaves_one_trainable_batch_norm(name: str) -> None:
    network = TSN(name, partial_bn=True).train()
    norms = [item for item in network.backbone.modules() if isinstance(item, torch.nn.BatchNorm2d)]
    assert [item.training for item in norms] == [True] + [False] * (len(norms) - 1)
    assert [item.weight.requires_grad for item in norms] == [True] + [False] * (len(norms) - 1)
    assert sum(len(group["params"]) for group in network.parameter_groups(1, 1)) == sum(
        parameter.requires_grad for parameter in network.parameters()
    )
