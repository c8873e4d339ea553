"""Reading an old checkpoint as data: tensors, numbers and texts, and nothing that could run.

In: a ``.pth.tar`` file, of the zip format or the one before it. Out: an ``OldCheckpoint``; where
``export_stream`` wrote it, a ``Note``: everything that the format has no room for.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from slipdetect._io import exists, file_sha256
from slipdetect.errors import ModelError, PackageError, UsageError
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import ModelPackage

NOTE_KEY = "slipdetect"
EXTRA_KEY = "slipdetect_tensors"

_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_LONGEST_REASON = 160


@dataclass(frozen=True)
class OldCheckpoint:
    """What a checkpoint holds; tensors are on the CPU, floating-point ones float32."""

    path: Path
    sha256: str  # of the file
    state: dict[str, torch.Tensor]  # by the names in the file
    arch: str | None = None  # of the network, as the program wrote it
    epoch: int | None = None  # that would have come next
    best: float | None = None  # accuracy in percent
    note: str | None = None  # JSON text that export_stream adds
    # what export_stream adds because older programs have no place for it, such as the weights of a
    # consensus, by its names in TSN
    extra: dict[str, torch.Tensor] = field(default_factory=dict)


def read_checkpoint(path: Path) -> OldCheckpoint:
    """Read ``path`` without running anything in it; a plain state dict is a checkpoint too.

    Raises:
        ModelError: Missing, damaged, or holding more than tensors, numbers and texts.
    """
    content = _load(path)
    state = content.get("state_dict", content) if isinstance(content, Mapping) else None
    facts = content if isinstance(content, Mapping) and state is not content else {}
    tensors = _tensors(state, path)
    arch, note = facts.get("arch"), facts.get(NOTE_KEY)
    epoch = _number(facts.get("epoch"))
    return OldCheckpoint(
        path=path,
        sha256=file_sha256(path),
        state=tensors,
        arch=arch if isinstance(arch, str) and arch else None,
        epoch=None if epoch is None else int(epoch),
        best=_number(facts.get("best_prec1")),
        note=note if isinstance(note, str) else None,
        extra=_tensors(facts[EXTRA_KEY], path) if EXTRA_KEY in facts else {},
    )


def _tensors(state: Any, path: Path) -> dict[str, torch.Tensor]:
    """Return a state dict, floating-point tensors as float32."""
    if not isinstance(state, Mapping) or not state:
        raise ModelError(f"{str(path)!r} holds no tensors by name; give a training checkpoint")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, torch.Tensor):
            raise ModelError(
                f"{str(path)!r}: {str(name)[:60]!r} in its state dict is not a tensor by name; "
                "give a training checkpoint"
            )
    plain = {name: value.detach() for name, value in state.items()}
    return {name: x.float() if x.is_floating_point() else x for name, x in plain.items()}


def _load(path: Path) -> Any:
    if not (exists(str(path)) and path.is_file()):
        raise ModelError(f"checkpoint {str(path)!r} is not a file; check the path")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about how files were written years ago
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the reader raise nearly anything
        raise ModelError(_refusal(path, str(error))) from error


def _refusal(path: Path, reason: str) -> str:
    """Say in one line why a file was not read."""
    code = _GLOBAL.search(reason)
    if code is not None:
        return (
            f"{str(path)!r} holds more than tensors, numbers and texts ({code[1]}), which could "
            "run code; save its state_dict alone where you trust it, then import that"
        )
    if "weights_only" in reason:
        return f"{str(path)!r} is not a PyTorch checkpoint, or an unsafe one; give another file"
    short = " ".join(reason.split(". ")[0].split())[:_LONGEST_REASON] or "it is empty"
    return f"{str(path)!r} is damaged or not a PyTorch checkpoint ({short}); copy it again"


def _number(value: Any) -> float | None:
    """Return a finite number from a number or a tensor of one element; else None."""
    if isinstance(value, torch.Tensor):
        value = value.item() if value.numel() == 1 and not value.is_complex() else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


@dataclass(frozen=True)
class Note:
    """What a checkpoint says about the model that it is a stream of."""

    config: ModelConfig  # of the whole model, as its model.json had it
    modality: str  # of the stream in the file
    card: str | None = None

    @property
    def stream(self) -> StreamConfig:
        """The stream in the file."""
        return self.config.stream(self.modality)


def write_note(package: ModelPackage, modality: str) -> str:
    """Return all of ``model.json`` but ``pose``, so that what the streams can say comes back."""
    config = replace(package.config, pose=None)
    data = {"stream": modality, "model": config.to_json(), "card": package.card()}
    return json.dumps(data, ensure_ascii=False, allow_nan=False)


def read_note(checkpoint: OldCheckpoint) -> Note | None:
    """Return the note in a checkpoint, or None where there is none.

    Raises:
        PackageError: It is there and cannot be read.
    """
    if checkpoint.note is None:
        return None
    where = f"the note in {str(checkpoint.path)!r}"
    try:
        data = json.loads(checkpoint.note)
    except (ValueError, RecursionError) as error:
        raise PackageError(f"{where} is not JSON ({error}); export the model again") from error
    if not isinstance(data, Mapping):
        raise PackageError(f"{where} is not that of slipdetect; export the model again")
    config, modality = ModelConfig.from_json(data.get("model"), where), data.get("stream")
    try:
        config.stream(str(modality))
    except UsageError as error:
        raise PackageError(
            f"{where} names a stream that its model lacks; export it again"
        ) from error
    card = data.get("card")
    return Note(config, str(modality), card if isinstance(card, str) and card else None)
