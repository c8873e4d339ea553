"""Reading an old checkpoint as data: tensors, numbers and texts, and nothing that could run.

In: a ``.pth.tar`` file, of the zip format or the one before it. Out: an ``OldCheckpoint``.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from slipdetect._io import file_sha256
from slipdetect.errors import ModelError

NOTE_KEY = "slipdetect"
EXTRA_KEY = "slipdetect_tensors"

_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")
_LONGEST_REASON = 160


@dataclass(frozen=True)
class OldCheckpoint:
    """What a checkpoint holds.

    Attributes:
        path: The file.
        sha256: Hex digest of the file.
        state: Tensors by the names in the file, floating-point ones as float32, on the CPU.
        arch: Name of the network as the program wrote it, or None.
        epoch: Epoch that would have come next, or None.
        best: Best accuracy in percent, or None.
        note: JSON text that ``export_stream`` adds, or None.
        extra: Tensors that ``export_stream`` adds because the older programs have no place for
            them, such as the weights of a consensus, by their names in ``TSN``.
    """

    path: Path
    sha256: str
    state: dict[str, torch.Tensor]
    arch: str | None = None
    epoch: int | None = None
    best: float | None = None
    note: str | None = None
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
                f"{str(path)!r}: {str(name)[:60]!r} in its state dict is no tensor by name; "
                "give a training checkpoint"
            )
    return {name: _plain(value) for name, value in state.items()}


def _load(path: Path) -> Any:
    if not path.is_file():
        raise ModelError(f"checkpoint {str(path)!r} is no file; check the path")
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
        return f"{str(path)!r} is no PyTorch checkpoint, or an unsafe one; give another file"
    short = " ".join(reason.split(". ")[0].split())[:_LONGEST_REASON] or "it is empty"
    return f"{str(path)!r} is damaged or no PyTorch checkpoint ({short}); copy it again"


def _plain(value: torch.Tensor) -> torch.Tensor:
    value = value.detach()
    return value.float() if value.is_floating_point() else value


def _number(value: Any) -> float | None:
    """Return a finite number from a number or a tensor of one element; else None."""
    if isinstance(value, torch.Tensor):
        value = value.item() if value.numel() == 1 and not value.is_complex() else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None
