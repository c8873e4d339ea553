"""Three convolutions as a backbone for slipdetect."""

from torch import nn

from slipdetect.backbones import Backbone, BackboneSpec
from slipdetect.modalities.normalize import Normalization

SPEC = BackboneSpec(
    name="tinynet", feature_dim=64, input_size=112, min_input_size=16,
    normalization=Normalization(), first_conv="0", license="Apache-2.0", source=__name__,
)  # fmt: skip


def build(weights=None, *, padding_mode="zeros"):
    if weights is not None:
        raise ValueError("tinynet has no trained weights")
    layers, channels = [], 3
    for width in (16, 32, 64):
        conv = nn.Conv2d(channels, width, 3, 2, 1, padding_mode=padding_mode)
        layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
        channels = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())


tinynet = Backbone(SPEC, build)
