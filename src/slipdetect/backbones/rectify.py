"""Rectified convolution: padded convolutions that do not dim the picture's border.

In: a network with ordinary padded convolutions. Out: the same network and weights, rectified.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional


class RectifiedConv2d(nn.Conv2d):
    """A zero-padded convolution scaled by kernel area over kernel taps inside the picture.

    The option of the ResNeSt paper (Zhang et al., 2020, appendix on rectified convolution). Its own
    package compiles C++ when imported, which current versions of torch refuse; this is the same
    function in tensor operations.
    """

    average = False

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map ``(N, in_channels, H, W)`` to ``(N, out_channels, H', W')``."""
        plain = functional.conv2d(
            input, self.weight, None, self.stride, self.padding, self.dilation, self.groups
        )
        output = plain * self._factor(input)
        return output if self.bias is None else output + self.bias[:, None, None]

    def _factor(self, input: torch.Tensor) -> torch.Tensor:
        """``(1, 1, H', W')``: kernel area (1 when averaging) over taps inside the picture."""
        ones = input.new_ones(1, 1, *input.shape[-2:])
        kernel = input.new_ones(1, 1, *self.kernel_size)
        taps = functional.conv2d(ones, kernel, None, self.stride, self.padding, self.dilation)
        area = 1 if self.average else self.kernel_size[0] * self.kernel_size[1]
        return area / taps


def rectify_convolutions(network: nn.Module, *, average: bool = False) -> None:
    """Turn every zero-padded convolution of ``network`` into a rectified one, in place.

    Names and weights stay. With ``average`` the sum is divided by the taps inside the picture.
    """
    for conv in network.modules():
        if type(conv) is nn.Conv2d and conv.padding_mode == "zeros" and conv.padding != (0, 0):
            # The class is all that differs, so weights, hooks and names need no copying.
            conv.__class__ = RectifiedConv2d
            cast("RectifiedConv2d", conv).average = average
