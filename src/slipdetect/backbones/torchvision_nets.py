"""ResNet and VGG-16 of torchvision as backbones.

In: weights. Out: the networks of He et al. and Simonyan and Zisserman without their classifiers.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast

from torch import nn
from torchvision import models

from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.backbones.weights import with_weights
from slipdetect.modalities.normalize import Normalization

Weights = str | os.PathLike[str] | None

_RESNET_PAPER = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016"
_VGG_PAPER = "Simonyan and Zisserman, Very Deep Convolutional Networks, ICLR 2015"


def _url(name: str) -> str:
    # The first published weights: the ones that the TSN papers start from.
    return str(models.get_model_weights(name)["IMAGENET1K_V1"].url)


def _resnet(name: str, feature_dim: int) -> Backbone:
    spec = BackboneSpec(
        name=name,
        feature_dim=feature_dim,
        input_size=224,
        normalization=Normalization(),
        first_conv="conv1",
        license="BSD-3-Clause",
        weights_url=_url(name),
        source="torchvision",
        paper=_RESNET_PAPER,
    )

    def build(
        weights: Weights = None,
        *,
        groups: int = 1,
        width_per_group: int = 64,
        zero_init_residual: bool = False,
        replace_stride_with_dilation: Sequence[bool] | None = None,
    ) -> nn.Module:
        network: nn.Module = models.get_model(
            name,
            weights=None,
            groups=groups,
            width_per_group=width_per_group,
            zero_init_residual=zero_init_residual,
            replace_stride_with_dilation=replace_stride_with_dilation,
        )
        network.fc = nn.Identity()
        return with_weights(network, weights, spec, "fc.")

    return Backbone(spec, build)


def _vgg(name: str) -> Backbone:
    spec = BackboneSpec(
        name=name,
        feature_dim=4096,
        input_size=224,
        normalization=Normalization(),
        first_conv="features.0",
        license="BSD-3-Clause",
        weights_url=_url(name),
        source="torchvision",
        paper=_VGG_PAPER,
    )

    def build(weights: Weights = None, *, dropout: float = 0.5) -> nn.Module:
        network: nn.Module = models.get_model(name, weights=None, dropout=dropout)
        # fc6, ReLU, dropout, fc7, ReLU stay; the dropout before the classifier is TSN's.
        network.classifier = cast("nn.Sequential", network.classifier)[:5]
        return with_weights(network, weights, spec, "classifier.6.")

    return Backbone(spec, build)


resnet18 = _resnet("resnet18", 512)
resnet34 = _resnet("resnet34", 512)
resnet50 = _resnet("resnet50", 2048)
resnet101 = _resnet("resnet101", 2048)
resnet152 = _resnet("resnet152", 2048)
vgg16 = _vgg("vgg16")
vgg16_bn = _vgg("vgg16_bn")
