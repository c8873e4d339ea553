"""First-convolution surgery against plain loops.

In: small convolutions. Out: kernels, biases and settings after surgery.
"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from slipdetect.backbones.stem import adapt_first_conv
from slipdetect.errors import ModelError, UsageError


@pytest.mark.parametrize("channels", [1, 2, 10, 15, 20])
def test_every_slice_is_the_color_mean_and_nothing_is_rescaled(channels: int) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, (3, 5), stride=2, padding=(1, 2), dilation=1))
    old = network[0].weight.detach().double().clone()
    bias = network[0].bias.detach().clone()
    adapt_first_conv(network, "0", channels)
    new = network[0].weight.detach().double()
    assert new.shape == (4, channels, 3, 5)
    for out in range(4):
        for row in range(3):
            for column in range(5):
                mean = sum(float(old[out, color, row, column]) for color in range(3)) / 3
                for channel in range(channels):
                    assert float(new[out, channel, row, column]) == pytest.approx(mean, abs=1e-7)
    assert torch.equal(network[0].bias, bias)
    assert (network[0].stride, network[0].padding) == ((2, 2), (1, 2))
    assert network(torch.zeros(2, channels, 9, 9)).shape == (2, 4, 5, 5)


def test_three_channels_change_nothing() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3))
    weight = network[0].weight
    adapt_first_conv(network, "0", 3)
    assert network[0].weight is weight


def test_groups_subclass_and_frozen_state_stay() -> None:
    class OwnConv(nn.Conv2d):
        pass

    network = nn.Sequential(OwnConv(3, 6, 3, groups=3, bias=False))
    network[0].weight.requires_grad_(False)
    old = network[0].weight.clone()
    adapt_first_conv(network, "0", 9)
    assert type(network[0]) is OwnConv
    assert network[0].groups == 3
    assert network[0].bias is None
    assert not network[0].weight.requires_grad
    for channel in range(3):
        assert torch.equal(network[0].weight[:, channel], old[:, 0])
    with pytest.raises(ModelError, match="takes 9 channels"):
        adapt_first_conv(network, "0", 9)


@pytest.mark.parametrize(
    ("first_conv", "message"),
    [("conv1", "no module 'conv1'"), ("1", "is a ReLU"), ("2", "takes 4 channels, not the 3")],
)
def test_wrong_name_is_an_error(first_conv: str, message: str) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
    with pytest.raises(ModelError, match=message):
        adapt_first_conv(network, first_conv, 10)


def test_impossible_channels_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 1"):
        adapt_first_conv(nn.Sequential(nn.Conv2d(3, 4, 3)), "0", 0)
    with pytest.raises(UsageError, match="multiple of the 3 groups"):
        adapt_first_conv(nn.Sequential(nn.Conv2d(3, 6, 3, groups=3)), "0", 10)
