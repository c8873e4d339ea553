"""Folded networks compute what they did; where they would not, they stay as they are.

In: small networks with drawn batch norms. Out: assertions on outputs and layers.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from slipdetect.backbones import create_backbone
from slipdetect.detection.engines.folding import folded

EXAMPLE = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def drawn(network: nn.Module) -> nn.Module:
    """Give every batch norm statistics of its own, as after training."""
    rng = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for values, low in ((module.running_var, 0.5), (module.running_mean, -0.5)):
                values.copy_(torch.rand(values.shape, generator=rng) + low)
            with torch.no_grad():
                module.weight.copy_(torch.rand(module.weight.shape, generator=rng) + 0.5)
                module.bias.copy_(torch.rand(module.bias.shape, generator=rng) - 0.5)
    return network.eval()


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


def test_one_pair_by_hand() -> None:
    network = drawn(nn.Sequential(nn.Conv2d(3, 4, 1, bias=False), nn.BatchNorm2d(4)))
    made = folded(network, EXAMPLE)
    conv, norm = network
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    torch.testing.assert_close(made[0].weight, conv.weight * scale[:, None, None, None])
    torch.testing.assert_close(made[0].bias, norm.bias - norm.running_mean * scale)
    assert (norms(network), norms(made)) == (1, 0)


@pytest.mark.parametrize("name", ["efficientnet_lite0", "resnet18", "bninception"])
def test_backbones_keep_their_features(name: str) -> None:
    network = drawn(create_backbone(name))
    example = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    made = folded(network, example)
    assert norms(made) == 0 < norms(network)
    other = torch.randn(3, 3, 64, 64, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        wanted = network(other)
        assert float((made(other) - wanted).abs().max()) < 1e-4 * float(wanted.abs().max())


class Branch(nn.Module):
    """The output of the convolution goes past the batch norm as well."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        return x + self.norm(x)


class Twice(nn.Module):
    """One convolution, two batch norms."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.first, self.second = (
            nn.Conv2d(3, 3, 1),
            nn.BatchNorm2d(3),
            nn.BatchNorm2d(3),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.second(self.conv(self.first(self.conv(x))))


@pytest.mark.parametrize("make", [Branch, Twice])
def test_what_cannot_be_folded_stays(make: type[nn.Module]) -> None:
    network = drawn(make())
    made = folded(network, EXAMPLE)
    with torch.inference_mode():
        torch.testing.assert_close(made(EXAMPLE), network(EXAMPLE))
    assert norms(made) == norms(network)


def test_batch_norms_in_training_stay() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    assert norms(folded(network, EXAMPLE)) == 1
