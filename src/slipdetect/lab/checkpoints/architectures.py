"""Which backbone an old checkpoint is of: by the name it was trained as, or by its tensors.

In: a name, or tensors by name. Out: a name for ``create_backbone``, and its last layer's old name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from slipdetect import backbones

# what tsn-pytorch calls the layer that scores the classes; None: always a layer of its own
_LAST_LAYERS = (
    (re.compile(r"(resnet|resnest)\d+|bninception"), "fc"),
    (re.compile(r"inceptionv4|inceptionresnetv2"), "last_linear"),
    (re.compile(r"vgg\d+(_bn)?"), "classifier.6"),
)
LAST_LAYERS = ("fc", "last_linear", "classif", "classifier.6")  # "classif" is an older spelling

# blocks of the four stages, whether they have a third convolution, name
_RESNETS: dict[tuple[int | bool, ...], str] = {
    (2, 2, 2, 2, False): "18",
    (3, 4, 6, 3, False): "34",
    (3, 4, 6, 3, True): "50",
    (3, 4, 23, 3, True): "101",
    (3, 8, 36, 3, True): "152",
}
_MARKS = {
    "conv1_7x7_s2.weight": "bninception",
    "features.0.conv.weight": "inceptionv4",
    "conv2d_1a.conv.weight": "inceptionresnetv2",
}


def backbone_of(arch: str) -> str:
    """Return the backbone that ``arch`` means; case, ``-`` and ``_`` do not matter.

    Raises:
        ModelError: There is no such backbone.
    """
    known = {_plain(name): name for name in backbones.list_backbones()}
    name = known.get(_plain(arch))
    if name is not None:
        return name
    backbones.get_spec(arch)  # a name of timm's zoo, or an error that suggests one
    return arch


def guess_backbone(tensors: Mapping[str, torch.Tensor]) -> str | None:
    """Return the backbone that has tensors of these names (without classifier), or None."""
    for mark, name in _MARKS.items():
        if mark in tensors:
            return name
    if "layer4.0.conv1.weight" in tensors:
        stages = tuple(_blocks(tensors, f"layer{stage}.") for stage in range(1, 5))
        number = _RESNETS.get((*stages, "layer1.0.conv3.weight" in tensors))
        split_attention = "layer1.0.conv2.fc1.weight" in tensors
        return None if number is None else ("resnest" if split_attention else "resnet") + number
    convolutions = [
        name for name, value in tensors.items() if name.startswith("features.") and value.ndim == 4
    ]
    if len(convolutions) == 13 and "classifier.3.weight" in tensors:
        return "vgg16_bn" if "features.1.running_mean" in tensors else "vgg16"
    return None


def last_layer(backbone: str) -> str | None:
    """Return the old name of the layer that scores the classes; None where there was none."""
    return next((name for form, name in _LAST_LAYERS if form.fullmatch(backbone)), None)


def arch_of(backbone: str) -> str:
    """Return how the older programs spell ``backbone``."""
    return "BNInception" if backbone == "bninception" else backbone


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


def _blocks(tensors: Mapping[str, torch.Tensor], stage: str) -> int:
    return len({name.split(".")[1] for name in tensors if name.startswith(stage)})
