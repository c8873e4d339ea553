"""From a stream of a package to a checkpoint that tsn-pytorch and its descendants load.

In: a ``ModelPackage``. Out: a ``.pth.tar`` file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from slipdetect._io import atomic_write, check_writable
from slipdetect.backbones.options import OPTIONS_BUFFER
from slipdetect.lab.checkpoints.architectures import arch_of, last_layer
from slipdetect.lab.checkpoints.differences import differences
from slipdetect.lab.checkpoints.note import write_note
from slipdetect.lab.checkpoints.reading import EXTRA_KEY, NOTE_KEY
from slipdetect.models.config import StreamConfig
from slipdetect.models.package import ModelPackage


@dataclass(frozen=True)
class Exported:
    """A checkpoint that was written.

    Attributes:
        path: The file.
        arch: Network, as the older programs spell it.
        tensors: Number of tensors that older programs see.
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
