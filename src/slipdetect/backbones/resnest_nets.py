"""ResNeSt-50 and ResNeSt-101 of the resnest package as backbones.

In: weights and options of the split-attention blocks. Out: the networks without classifier.
"""

from __future__ import annotations

import os
from typing import cast

import torch
from torch import nn
from torch.nn import functional

from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.backbones.weights import with_weights
from slipdetect.errors import UsageError
from slipdetect.modalities.normalize import Normalization


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


try:
    from resnest.torch.resnet import Bottleneck, ResNet
except ModuleNotFoundError:
    # The 0.0.6 pre-releases moved it.
    from resnest.torch.models.resnet import Bottleneck, ResNet

# 0.0.5 names a host that is gone; the pre-releases name this one, with the same hashes.
_URL = "https://github.com/zhanghang1989/ResNeSt/releases/download/weights_step1/{}.pth"


def _resnest(name: str, depths: list[int], own_stem_width: int, digest: str) -> Backbone:
    spec = BackboneSpec(
        name=name,
        feature_dim=2048,
        input_size=224,
        normalization=Normalization(),
        first_conv="conv1.0",
        license="Apache-2.0",
        weights_url=_URL.format(f"{name}-{digest}"),
        source="resnest",
        paper="Zhang et al., ResNeSt: Split-Attention Networks, 2020",
    )

    def build(
        weights: str | os.PathLike[str] | None = None,
        *,
        radix: int = 2,
        groups: int = 1,
        bottleneck_width: int = 64,
        stem_width: int = own_stem_width,
        avg_down: bool = True,
        avd: bool = True,
        avd_first: bool = False,
        dilation: int = 1,
        rectify: bool = False,
        rectify_avg: bool = False,
    ) -> nn.Module:
        if radix < 0 or min(groups, bottleneck_width, stem_width, dilation) < 1:
            raise UsageError("radix is at least 0, groups, widths and dilation are at least 1")
        if rectify_avg and not rectify:
            raise UsageError("rectify_avg is a way of rectifying; give rectify=true with it")
        network: nn.Module = ResNet(
            Bottleneck,
            depths,
            radix=radix,
            groups=groups,
            bottleneck_width=bottleneck_width,
            deep_stem=True,
            stem_width=stem_width,
            avg_down=avg_down,
            avd=avd,
            avd_first=avd_first,
            dilation=dilation,
        )
        if rectify:
            rectify_convolutions(network, average=rectify_avg)
        network.fc = nn.Identity()
        return with_weights(network, weights, spec, "fc.")

    return Backbone(spec, build)


resnest50 = _resnest("resnest50", [3, 4, 6, 3], 32, "528c19ca")
resnest101 = _resnest("resnest101", [3, 4, 23, 3], 64, "22405ba7")
