"""What the older programs will do otherwise than a package, whose stream they get as a checkpoint.

In: a model and one of its modalities. Out: texts for people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

from slipdetect import backbones
from slipdetect.lab.checkpoints.architectures import last_layer
from slipdetect.lab.checkpoints.assumed import Wishes, assumed_config
from slipdetect.lab.checkpoints.keys import TSN_LAYOUT
from slipdetect.lab.checkpoints.reading import OldCheckpoint
from slipdetect.lab.checkpoints.stream import OldStream, trained_with
from slipdetect.models.config import ModelConfig, StreamConfig

# every other field is told by its name, so that none that comes later is forgotten
_TOLD_APART = {
    *(
        "backbone",
        "backbone_options",
        "input_size",
        "normalization",
        "consensus",
        "consensus_k",
        "crop",
    ),
    *("streams", "fusion"),
}
_OF_NO_EFFECT = {
    # the first two name the model; dropout counts in training only; the rest is the package's own
    *("name", "training", "dropout", "file", "sha256", "versions", "format_version"),
}


def differences(config: ModelConfig, modality: str) -> tuple[str, ...]:
    """Return one text for each thing that changes scores and that older programs do otherwise."""
    stream = config.stream(modality)
    untold = _untold(config, stream)
    last = [f"older programs are not told of {', '.join(untold)}"] if untold else []
    return (*_of_the_stream(stream), *_of_the_fusion(config, modality), *last)


def _of_the_stream(stream: StreamConfig) -> Iterator[str]:
    spec = backbones.get_spec(stream.backbone)
    if last_layer(stream.backbone) is None:
        yield f"tsn-pytorch has no network {stream.backbone}; only slipdetect reads this"
    if stream.backbone_options:
        options = ", ".join(f"{key} = {value}" for key, value in stream.backbone_options.items())
        yield f"tsn-pytorch builds {stream.backbone} without the options {options}"
    usual = trained_with(spec.normalization, stream.modality, two_stream=False)
    if replace(stream.normalization, contrast=usual.contrast) != usual:
        yield "tsn-pytorch will normalize pictures by other statistics than this model's"
    if stream.normalization.contrast is not None:
        yield (
            "tsn-pytorch takes differences as they are, this model scales them to "
            f"{stream.normalization.contrast:g}"
        )
    if stream.input_size != spec.input_size:
        yield f"tsn-pytorch takes {spec.input_size} px, this model {stream.input_size} px"
    if stream.crop != "center":
        yield "tsn-pytorch crops the center, not what moves"
    if stream.consensus != "avg":
        kind = f"topk of {stream.consensus_k}" if stream.consensus == "topk" else stream.consensus
        yield f"tsn-pytorch averages the snippets' scores, this model takes {kind}"


def _of_the_fusion(config: ModelConfig, modality: str) -> Iterator[str]:
    others = [stream.modality for stream in config.streams if stream.modality != modality]
    if others:
        yield (
            f"the file has the {modality} stream alone, which this model fuses with "
            f"{', '.join(others)}; export these too, and import all files together"
        )


def _untold(config: ModelConfig, stream: StreamConfig) -> list[str]:
    """Return the fields that nobody could guess from the file without its note."""
    spec = backbones.get_spec(stream.backbone)
    alone = OldStream(
        checkpoint=OldCheckpoint(Path(), "", {}),
        layout=TSN_LAYOUT,
        backbone=stream.backbone,
        known_by="",
        modality=stream.snippet,
        classes=len(config.labels),
        dropout=stream.dropout,
        normalization=stream.normalization,
        input_size=spec.input_size,
        state={},
        tensors=0,
        changes=(),
    )
    guess = assumed_config(config.name, [alone], Wishes())
    left_out = _TOLD_APART | _OF_NO_EFFECT
    pairs = ((config, guess), (stream, guess.streams[0]))
    return [
        item.name
        for ours, theirs in pairs
        for item in fields(ours)
        if item.name not in left_out and getattr(ours, item.name) != getattr(theirs, item.name)
    ]
