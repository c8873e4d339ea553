"""From a stream of a package to a checkpoint that tsn-pytorch and its descendants load.

In: a ``ModelPackage``. Out: a ``.pth.tar`` file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from slipdetect import backbones
from slipdetect._io import atomic_write, check_writable
from slipdetect.backbones.options import OPTIONS_BUFFER
from slipdetect.lab.checkpoints.assumed import Wishes, assumed_config
from slipdetect.lab.checkpoints.keys import TSN_LAYOUT
from slipdetect.lab.checkpoints.reading import EXTRA_KEY, NOTE_KEY, OldCheckpoint, write_note
from slipdetect.lab.checkpoints.stream import OldStream, arch_of, last_layer, trained_with
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import ModelPackage

# every other field is told by its name, so that none that comes later is forgotten
_NAMED_BELOW = frozenset(
    [
        "backbone",
        "backbone_options",
        "input_size",
        "normalization",
        "consensus",
        "consensus_k",
        "crop",
        "streams",
        "fusion",
        "pose",
    ]
)
# names of the model; what counts in training only; what is the package's own
_OF_NO_EFFECT = frozenset(
    ["name", "training", "dropout", "file", "sha256", "graph", "versions", "format_version"]
)


@dataclass(frozen=True)
class Exported:
    """A checkpoint that was written; epoch and accuracy are 0 where the package does not know."""

    path: Path
    arch: str  # as the older programs spell it
    tensors: int  # that older programs see
    epoch: int
    best: float  # accuracy in percent
    differences: tuple[str, ...]  # what the older programs will do otherwise than this package


def export_stream(
    package: ModelPackage, modality: str, path: Path, *, overwrite: bool = False
) -> Exported:
    """Write one stream as ``{epoch, arch, state_dict, best_prec1}`` in the form of tsn-pytorch.

    A text under the further key ``slipdetect`` lets ``import_checkpoints`` restore the stream
    exactly, and the files of all streams the model; weights that those programs have no place for,
    such as a consensus's, are under ``slipdetect_tensors``. The older programs look at neither.

    Args:
        package: The model.
        modality: Of the stream.
        path: The file, by custom ending in ``.pth.tar``.
        overwrite: Replace a file.

    Raises:
        UsageError: The model has no such stream.
        ModelError: Its network cannot be built, or its weights do not fit.
        OutputError: The file cannot be written.
    """
    check_writable(path, overwrite=overwrite)
    stream = package.config.stream(modality)
    whole = package.build_stream(modality).state_dict()
    names = _old_names(whole, stream)
    state = {old: whole[name] for name, old in names.items()}
    extra = {name: value for name, value in whole.items() if name not in names}
    arch = arch_of(stream.backbone)
    epoch, best = _progress(package.config.training, modality)
    content = {"epoch": epoch, "arch": arch, "state_dict": state, "best_prec1": best}
    content[NOTE_KEY] = write_note(package, modality)
    if extra:
        content[EXTRA_KEY] = extra
    with atomic_write(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        # through an open file, so that the archive does not carry the temporary name
        torch.save(content, file)
    told = differences(package.config, modality)
    return Exported(path, arch, len(state), epoch, best, told)


def _old_names(state: Collection[str], stream: StreamConfig) -> dict[str, str]:
    """Return what tsn-pytorch calls the tensors of a ``TSN``, as far as it has any such."""
    head = last_layer(stream.backbone) if stream.dropout == 0.0 else None
    if head is None or any(name.startswith(f"backbone.{head}.") for name in state):
        classifier = "new_fc"
    else:
        classifier = f"base_model.{head}"
    starts = {"backbone": "base_model", "classifier": classifier}
    parts = {name: name.partition(".") for name in state}
    return {
        name: f"{starts[start]}.{rest}"
        for name, (start, _, rest) in parts.items()
        if start in starts and rest != OPTIONS_BUFFER
    }


def _progress(training: Mapping[str, Any], modality: str) -> tuple[int, float]:
    """Return the next epoch and the best accuracy in percent, as far as the package tells."""
    epoch, best = None, None
    origins = training.get("imported")
    for origin in origins if isinstance(origins, list) else []:
        if isinstance(origin, Mapping) and origin.get("modality") == modality:
            epoch, best = origin.get("epoch"), origin.get("best_prec1")
    metrics = training.get("metrics", {})
    measured = metrics.get(modality) if isinstance(metrics, Mapping) else None
    if isinstance(measured, Mapping):
        done, accuracy = measured.get("epoch"), measured.get("val_accuracy")
        epoch = done + 1 if isinstance(done, int) else epoch
        best = 100.0 * accuracy if isinstance(accuracy, float) else best
    return 0 if epoch is None else int(epoch), 0.0 if best is None else float(best)


def differences(config: ModelConfig, modality: str) -> tuple[str, ...]:
    """Return one text for each thing that changes scores and that older programs do otherwise."""
    stream = config.stream(modality)
    told = list(_of_the_stream(stream))
    others = [each.modality for each in config.streams if each.modality != modality]
    if others:
        told.append(
            f"the file has the {modality} stream alone, which this model fuses with "
            f"{', '.join(others)}; export these too, and import all files together"
        )
    if config.pose is not None:
        told.append(
            "the pose stream stays behind: no people are looked at, for which thresholds are made"
        )
    untold = _untold(config, stream)
    if untold:
        told.append(f"older programs do not know {', '.join(untold)}")
    return tuple(told)


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
    left_out = _NAMED_BELOW | _OF_NO_EFFECT
    pairs = ((config, guess), (stream, guess.streams[0]))
    return [
        item.name
        for ours, theirs in pairs
        for item in fields(ours)
        if item.name not in left_out and getattr(ours, item.name) != getattr(theirs, item.name)
    ]
