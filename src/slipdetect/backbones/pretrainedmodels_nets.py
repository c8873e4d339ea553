"""BNInception, InceptionV4 and InceptionResNetV2 of the pretrainedmodels package as backbones.

In: weights. Out: the networks without classifier, for pictures of any size they can pool.
"""

from __future__ import annotations

import importlib.util
import os
from types import ModuleType
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.backbones.weights import with_weights
from slipdetect.modalities.normalize import Normalization

_PAPERS = {
    "bninception": "Ioffe and Szegedy, Batch Normalization, ICML 2015",
    "inceptionv4": "Szegedy et al., Inception-v4, Inception-ResNet, AAAI 2017",
    "inceptionresnetv2": "Szegedy et al., Inception-v4, Inception-ResNet, AAAI 2017",
}


class _Headless:
    """Replaces the last step of a network: pool to one pixel, without dropout or classifier."""

    pad_to = 1

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Map ``(N, feature_dim, h, w)`` to ``(N, feature_dim)``."""
        return functional.adaptive_avg_pool2d(features, 1).flatten(1)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Map ``(N, C, H, W)`` to ``(N, feature_dim)``, zeros filling up sizes that do not fit."""
        below, right = (-side % self.pad_to for side in input.shape[-2:])
        if below or right:
            input = functional.pad(input, (0, right, 0, below))
        network = cast("Any", self)
        return self.logits(network.features(input))


class _Padded(_Headless):
    # Its pooling rounds up where its convolutions round down: only multiples of 32 meet again.
    pad_to = 32


def _load_file(name: str) -> ModuleType:
    """Import one file of pretrainedmodels alone.

    The package itself imports every network it has, torchvision, six and munch, none of which
    these networks need.
    """
    package = importlib.util.find_spec("pretrainedmodels")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError("No module named 'pretrainedmodels'")
    path = f"{package.submodule_search_locations[0]}/models/{name}.py"
    spec = importlib.util.spec_from_file_location(f"_slipdetect_pretrainedmodels_{name}", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _adapter(name: str, class_name: str, first_conv: str, min_input_size: int) -> Backbone:
    module = _load_file(name)
    settings = module.pretrained_settings[name]["imagenet"]
    mixin = _Padded if name == "bninception" else _Headless
    network_class: type[nn.Module] = type(class_name, (mixin, getattr(module, class_name)), {})
    spec = BackboneSpec(
        name=name,
        feature_dim=1024 if name == "bninception" else 1536,
        input_size=settings["input_size"][-1],
        normalization=Normalization(
            color=settings["input_space"],
            value_range=float(settings["input_range"][1]),
            mean=tuple(map(float, settings["mean"])),  # type: ignore[arg-type]
            std=tuple(map(float, settings["std"])),  # type: ignore[arg-type]
        ),
        first_conv=first_conv,
        license="BSD-3-Clause",
        min_input_size=min_input_size,
        weights_url=settings["url"],
        source="pretrainedmodels",
        paper=_PAPERS[name],
    )

    def build(weights: str | os.PathLike[str] | None = None) -> nn.Module:
        network = network_class()
        del network.last_linear
        return with_weights(network, weights, spec, "last_linear.")

    return Backbone(spec, build)


bninception = _adapter("bninception", "BNInception", "conv1_7x7_s2", 32)
inceptionv4 = _adapter("inceptionv4", "InceptionV4", "features.0.conv", 75)
inceptionresnetv2 = _adapter("inceptionresnetv2", "InceptionResNetV2", "conv2d_1a.conv", 75)
