"""Recognizing an old checkpoint: which network, which modality, and what it was fed.

In: an ``OldCheckpoint``. Out: an ``OldStream`` with weights that ``TSN`` takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from slipdetect import backbones
from slipdetect.errors import BackboneUnavailable, ModelError
from slipdetect.lab.checkpoints.architectures import backbone_of, guess_backbone
from slipdetect.lab.checkpoints.keys import TWO_STREAM_LAYOUT, Renamed, fit, rename
from slipdetect.lab.checkpoints.reading import OldCheckpoint
from slipdetect.lab.checkpoints.two_stream import in_order_of_time
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import MODALITIES, Modality
from slipdetect.models.config import StreamConfig
from slipdetect.models.package import build_network
from slipdetect.models.tsn import TSN

# channels of the first convolution -> modality and snippet length
_CHANNELS = {
    3: Modality("rgb", 1),
    10: Modality("flow", 5),
    15: Modality("rgbdiff", 5),
    20: Modality("flow", 10),
}
_DROPOUT = {"rgb": 0.8, "flow": 0.7, "rgbdiff": 0.8}  # 2020 course report, Table 5


@dataclass(frozen=True)
class OldStream:
    """One checkpoint, understood.

    Attributes:
        checkpoint: What was in the file, without its tensors.
        layout: Which kind of program wrote it.
        backbone: Name for ``create_backbone``.
        known_by: How the backbone is known, for people.
        modality: Modality and snippet length.
        classes: Size of the output.
        dropout: Dropout before the classifier, as far as the file tells.
        normalization: What the pixels went through in training.
        input_size: Side of the pictures, px.
        state: Weights for ``TSN``.
        tensors: Number of tensors in the file.
        changes: What was renamed or turned, for people.
    """

    checkpoint: OldCheckpoint
    layout: str
    backbone: str
    known_by: str
    modality: Modality
    classes: int
    dropout: float
    normalization: Normalization
    input_size: int
    state: dict[str, torch.Tensor]
    tensors: int
    changes: tuple[str, ...]


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
    hint = _hint(backbone, looks_like)
    if noted is None:
        shapes = _shapes(partial(TSN, backbone, snippet, num_classes=classes, partial_bn=False))
    else:
        renamed = replace(
            renamed,
            tensors={**checkpoint.extra, **renamed.tensors},
            origins={**{name: name for name in checkpoint.extra}, **renamed.origins},
        )
        part = replace(noted, backbone=backbone)
        shapes = _shapes(partial(build_network, part, classes))
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


def _hint(backbone: str, looks_like: str | None) -> str:
    if looks_like in (None, backbone):
        return f"; it was taken for {backbone}"
    return f"; its tensors look like {looks_like}, try --arch {looks_like}"


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
