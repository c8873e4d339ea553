"""ResNeSt-50 and ResNeSt-101 of the resnest package as backbones.

In: weights and options of the split-attention blocks. Out: the networks without classifier.
"""

from __future__ import annotations

import os

from torch import nn

from slipdetect.backbones.rectify import rectify_convolutions
from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.backbones.weights import load_exactly, read_weights
from slipdetect.errors import UsageError
from slipdetect.modalities.normalize import Normalization

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
        if weights is not None:
            load_exactly(network, read_weights(weights, spec), str(weights), ignore=("fc.",))
        return network

    return Backbone(spec, build)


resnest50 = _resnest("resnest50", [3, 4, 6, 3], 32, "528c19ca")
resnest101 = _resnest("resnest101", [3, 4, 23, 3], 64, "22405ba7")
