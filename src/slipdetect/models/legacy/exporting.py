"""From a stream of a package to a checkpoint that tsn-pytorch and its descendants load.

In: a ``ModelPackage``. Out: a ``.pth.tar`` file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from slipdetect import backbones
from slipdetect._io import atomic_write, check_writable
from slipdetect.errors import ModelError
from slipdetect.modalities.modality import LEARNT_CONSENSUS
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.legacy.architectures import arch_of, last_layer
from slipdetect.models.legacy.note import write_note
from slipdetect.models.legacy.reading import NOTE_KEY
from slipdetect.models.legacy.stream import trained_with
from slipdetect.models.package import ModelPackage


@dataclass(frozen=True)
class Exported:
    """A checkpoint that was written.

    Attributes:
        path: The file.
        arch: Network, as the older programs spell it.
        tensors: Number of tensors.
        epoch: Epoch in the file, 0 where the package does not know.
        best: Best accuracy in percent, 0 where the package does not know.
        differences: What the older programs will do otherwise than this package.
    """

    path: Path
    arch: str
    tensors: int
    epoch: int
    best: float
    differences: tuple[str, ...]


def export_stream(
    package: ModelPackage, modality: str, path: Path, *, overwrite: bool = False
) -> Exported:
    """Write one stream as ``{epoch, arch, state_dict, best_prec1}`` in the form of tsn-pytorch.

    A text under the further key ``slipdetect`` lets ``import_checkpoints`` restore the stream
    exactly; the older programs do not look at it.

    Args:
        package: The model.
        modality: Of the stream.
        path: The file, by custom ending in ``.pth.tar``.
        overwrite: Replace a file.

    Raises:
        UsageError: The model has no such stream.
        ModelError: Its consensus has weights, which the format has no place for.
        OutputError: The file cannot be written.
    """
    check_writable(path, overwrite=overwrite)
    stream = package.config.stream(modality)
    if stream.consensus in LEARNT_CONSENSUS:
        raise ModelError(
            f"the {modality} stream has the consensus {stream.consensus!r}, whose weights the "
            "format of tsn-pytorch has no place for; export a stream with avg"
        )
    state = _old_names(package.build_stream(modality).state_dict(), stream)
    arch = arch_of(stream.backbone)
    epoch, best = _progress(package.config.training, modality)
    content = {"epoch": epoch, "arch": arch, "state_dict": state, "best_prec1": best}
    content[NOTE_KEY] = write_note(package.config, modality)
    with atomic_write(path, overwrite=overwrite) as temporary, temporary.open("wb") as file:
        # through an open file, so that the archive does not carry the temporary name
        torch.save(content, file)
    differences = _differences(package.config, modality)
    return Exported(path, arch, len(state), epoch, best, differences)


def _old_names(state: Mapping[str, torch.Tensor], stream: StreamConfig) -> dict[str, torch.Tensor]:
    """Return the tensors of a ``TSN`` by the names that tsn-pytorch gives them."""
    head = last_layer(stream.backbone) if stream.dropout == 0.0 else None
    starts = {
        "backbone": "base_model",
        "classifier": "new_fc" if head is None else f"base_model.{head}",
    }
    parts = {name: name.partition(".") for name in state}
    return {f"{starts[parts[name][0]]}.{parts[name][2]}": value for name, value in state.items()}


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


def _differences(config: ModelConfig, modality: str) -> tuple[str, ...]:
    """Return what the older programs will do otherwise, one text each."""
    stream = config.stream(modality)
    found = []
    if last_layer(stream.backbone) is None:
        found.append(f"tsn-pytorch has no network {stream.backbone}; only slipdetect reads this")
    usual = trained_with(
        backbones.get_spec(stream.backbone).normalisation, modality, two_stream=False
    )
    if stream.normalisation != usual:
        found.append("tsn-pytorch will normalise pictures by other statistics than this model's")
    if stream.crop != "centre":
        found.append("tsn-pytorch crops the centre, not what moves")
    if stream.consensus != "avg":
        found.append(
            f"tsn-pytorch averages the snippets' scores, this model takes {stream.consensus}"
        )
    return tuple(found)
