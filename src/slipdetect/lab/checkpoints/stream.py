"""Recognizing an old checkpoint: which network, which modality, and what it was fed.

In: an ``OldCheckpoint``. Out: an ``OldStream`` with weights that ``TSN`` takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch

from slipdetect import backbones
from slipdetect.errors import BackboneUnavailable, ModelError
from slipdetect.lab.checkpoints.keys import TWO_STREAM_LAYOUT, Renamed, fit, rename
from slipdetect.lab.checkpoints.reading import OldCheckpoint
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import MODALITIES, Modality
from slipdetect.models.config import StreamConfig
from slipdetect.models.tsn import TSN, build_network

# channels of the first convolution -> modality and snippet length
_CHANNELS = {
    3: Modality("rgb", 1),
    10: Modality("flow", 5),
    15: Modality("rgbdiff", 5),
    20: Modality("flow", 10),
}
_DROPOUT = {"rgb": 0.8, "flow": 0.7, "rgbdiff": 0.8}  # 2020 course report, Table 5

# what tsn-pytorch calls the layer that scores the classes; None: always a layer of its own
_LAST_LAYERS = (
    (re.compile(r"(resnet|resnest)\d+|bninception"), "fc"),
    (re.compile(r"inceptionv4|inceptionresnetv2"), "last_linear"),
    (re.compile(r"vgg\d+(_bn)?"), "classifier.6"),
)

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


@dataclass(frozen=True)
class OldStream:
    """One checkpoint, understood."""

    checkpoint: OldCheckpoint  # without its tensors
    layout: str  # which kind of program wrote it
    backbone: str
    known_by: str  # how the backbone is known, for people
    modality: Modality
    classes: int
    dropout: float  # before the classifier, as far as the file says
    normalization: Normalization  # what the pixels went through in training
    input_size: int  # side of the pictures, px
    state: dict[str, torch.Tensor]  # weights for TSN
    tensors: int  # their number in the file
    changes: tuple[str, ...]  # what was renamed or turned, for people


def recognize(
    checkpoint: OldCheckpoint,
    arch: str | None = None,
    modality: str | None = None,
    noted: StreamConfig | None = None,
) -> OldStream:
    """Understand a checkpoint and bring its weights into the form of ``TSN``.

    Args:
        checkpoint: From ``read_checkpoint``.
        arch: The backbone; None: as the file says, or else as its tensors look.
        modality: Needed where the number of input channels does not tell it.
        noted: What the file itself says of its stream, where slipdetect wrote it.

    Raises:
        ModelError: Nothing that is known, or tensors are missing, left over or of other shapes.
    """
    where = repr(str(checkpoint.path))
    renamed = rename(checkpoint.state, where, parallel=noted is None)
    looks_like = guess_backbone(renamed.backbone)
    written = checkpoint.arch if noted is None else noted.backbone
    backbone, known_by = _backbone(arch, written, looks_like, where)
    spec = backbones.get_spec(backbone)
    first_conv = f"backbone.{spec.first_conv}.weight"
    # options of a backbone may put another layer first than its registered facts say
    known = None if noted is None else noted.snippet
    snippet = _modality(renamed, first_conv, modality, where) if known is None else known
    classes = renamed.tensors["classifier.weight"].shape[0]
    hint = f"; its tensors look like {looks_like}, try --arch {looks_like}"
    if looks_like in (None, backbone):
        hint = f"; it was taken for {backbone}"
    if noted is None:
        shapes = _shapes(partial(TSN, backbone, snippet, num_classes=classes, partial_bn=False))
    else:
        renamed = replace(
            renamed,
            tensors={**checkpoint.extra, **renamed.tensors},
            origins={**{name: name for name in checkpoint.extra}, **renamed.origins},
        )
        shapes = _shapes(partial(build_network, replace(noted, backbone=backbone), classes))
    state = fit(renamed, shapes, where, hint)
    changes = renamed.changes
    two_stream = renamed.layout == TWO_STREAM_LAYOUT
    if two_stream and snippet.name == "flow":
        state[first_conv] = in_order_of_time(state[first_conv])
        fields = f"2..{snippet.length},1 to 1..{snippet.length}"
        changes = (*changes, f"first layer turned from flow fields {fields}")
    return OldStream(
        checkpoint=replace(checkpoint, state={}, extra={}),
        layout=renamed.layout,
        backbone=backbone,
        known_by=known_by,
        modality=snippet,
        classes=classes,
        dropout=_DROPOUT[snippet.name] if renamed.own_head else 0.0,
        normalization=trained_with(spec.normalization, snippet.name, two_stream=two_stream),
        input_size=spec.input_size,
        state=state,
        tensors=len(checkpoint.state) + len(checkpoint.extra),
        changes=changes,
    )


def trained_with(backbone: Normalization, modality: str, *, two_stream: bool) -> Normalization:
    """Return what the older programs did to the pixels of a modality in training.

    RGB as the backbone wants it. Flow of temporal segment networks by the backbone's mean and
    spread, that of two-stream networks not at all. RGB differences not at all: tsn-pytorch
    normalizes them in testing only, with other statistics, which the networks never learned from.
    """
    if modality == "rgbdiff":
        return replace(backbone, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    if modality == "flow" and two_stream:
        return replace(backbone, flow=(0.0, 1.0))
    return backbone


def _shapes(build: Callable[[], TSN]) -> dict[str, torch.Tensor]:
    """Return the state dict of a network; its values do not matter."""
    try:
        with torch.device("meta"):
            network = build()
    except Exception:  # a plugin may need real tensors, and says below what else is wrong
        network = build()
    return network.state_dict()


def _backbone(
    asked: str | None, written: str | None, looks_like: str | None, where: str
) -> tuple[str, str]:
    """Return the backbone and how it is known."""
    if asked is not None:
        return backbone_of(asked), "as asked for"
    if written is not None:
        try:
            return backbone_of(written), "as the file says"
        except BackboneUnavailable:
            raise
        except ModelError:
            if looks_like is None:
                raise
    if looks_like is None:
        raise ModelError(
            f"{where} does not say which network it is; give --arch, such as resnet101"
        )
    return looks_like, "recognized by its tensors"


def _modality(renamed: Renamed, first_conv: str, asked: str | None, where: str) -> Modality:
    kernel = renamed.tensors.get(first_conv)
    if kernel is None or kernel.ndim != 4:
        old = first_conv.removeprefix("backbone.")
        raise ModelError(f"{where} has no first convolution {old!r}; give its network with --arch")
    channels = kernel.shape[1]
    found = _CHANNELS.get(channels)
    if asked is None and found is not None:
        return found
    if asked is None:
        raise ModelError(
            f"{where}: the first layer takes {channels} channels, which no known modality has; "
            "give --modality"
        )
    if asked not in MODALITIES:
        raise ModelError(f"unknown modality {asked!r}; choose from {', '.join(MODALITIES)}")
    each = 2 if asked == "flow" else 3
    if channels % each:
        raise ModelError(
            f"{where}: the first layer takes {channels} channels, which cannot be {asked}; "
            "leave --modality out"
        )
    return Modality(asked, channels // each)


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


def in_order_of_time(kernel: torch.Tensor) -> torch.Tensor:
    """Turn the first convolution of a two-stream motion network to flow in the order of time.

    The program that trained these networks put field 1 of a stack behind the last one: they saw
    fields 2, 3, ..., L, 1. The fields of the kernel are moved instead of those of the input.

    Args:
        kernel: ``(filters, 2 L, h, w)``, for u and v of fields 2, 3, ..., L, 1.
    """
    return kernel.roll(2, dims=1)
