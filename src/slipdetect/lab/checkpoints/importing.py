"""From old checkpoints to a model package.

In: one ``.pth.tar`` per stream. Out: a package, and what was recognized in every file.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from slipdetect.errors import ModelError
from slipdetect.lab.checkpoints.assumed import (
    Wishes,
    assumed_config,
    changed,
    check_labels,
    summed,
)
from slipdetect.lab.checkpoints.note import Note, read_note
from slipdetect.lab.checkpoints.noted import noted_card, noted_config, noted_stream, remarks
from slipdetect.lab.checkpoints.reading import read_checkpoint
from slipdetect.lab.checkpoints.stream import OldStream, recognize
from slipdetect.models.package import ModelPackage, check_folder, save_package


@dataclass(frozen=True)
class Imported:
    """A package made of old checkpoints.

    Attributes:
        package: The package.
        streams: What was in the files, in the order given.
        noted: Every file has a note of ``export_stream``, so that nothing had to be assumed.
        remarks: What else to know about files that have such a note, one line each.
    """

    package: ModelPackage
    streams: tuple[OldStream, ...]
    noted: bool
    remarks: tuple[str, ...] = ()


def import_checkpoints(
    paths: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    name: str | None = None,
    arch: str | None = None,
    modality: str | None = None,
    wishes: Wishes | None = None,
    dtype: torch.dtype = torch.float32,
    overwrite: bool = False,
) -> Imported:
    """Make a package of one checkpoint per stream, fused as the older programs fused them.

    Args:
        paths: The files.
        out: Folder of the package.
        name: Of the model; None: the folder's name.
        arch: Backbone of all files; None: as they say, or as their tensors look.
        modality: Of the file; None: as its input channels tell.
        wishes: What the files do not say.
        dtype: Floating-point type on disk; float32 keeps the weights as they are.
        overwrite: Replace an earlier package.

    Raises:
        ModelError: A file cannot be used, or two files are of one modality.
        UsageError: Labels or weights of another number than classes or files.
        OutputError: The package cannot be written.
    """
    check_folder(Path(out), overwrite=overwrite)
    wishes = Wishes() if wishes is None else wishes
    streams, found = _recognized(paths, arch, modality, wishes)
    _check_together(streams)
    title = Path(out).resolve().name if name is None else name
    notes = [note for note in found if note is not None]
    noted = len(notes) == len(streams)
    if wishes.labels is not None or not noted:
        check_labels(streams[0].classes, wishes.labels)
    if noted:
        config = changed(noted_config(title, streams, notes), wishes)
    else:
        known = {
            note.modality: noted_stream(stream, note)
            for stream, note in zip(streams, found, strict=True)
            if note is not None
        }
        config = summed(changed(assumed_config(title, streams, wishes, known), wishes))
    origins = [_origin(stream) for stream in streams]
    config = replace(config, training={**config.training, "imported": origins})
    states = {stream.modality.name: stream.state for stream in streams}
    card = noted_card(notes) if noted else None
    package = save_package(out, config, states, dtype, card, overwrite=overwrite)
    return Imported(package, tuple(streams), noted, remarks(found))


def _recognized(
    paths: Sequence[str | os.PathLike[str]],
    arch: str | None,
    modality: str | None,
    wishes: Wishes,
) -> tuple[list[OldStream], list[Note | None]]:
    """Return what is in every file, and its note."""
    streams: list[OldStream] = []
    notes: list[Note | None] = []
    for path in paths:
        checkpoint = read_checkpoint(Path(path))
        note = read_note(checkpoint)
        notes.append(note)
        if note is None:
            streams.append(recognize(checkpoint, arch, modality))
            continue
        part = note.stream
        if wishes.segments is not None:
            # a consensus may have learned weights for another number, which the shapes then tell
            part = replace(part, num_segments=wishes.segments)
        streams.append(recognize(checkpoint, arch, note.modality, part))
    return streams, notes


def _check_together(streams: Sequence[OldStream]) -> None:
    if not streams:
        raise ModelError("no checkpoint to import; give at least one file")
    seen: dict[str, OldStream] = {}
    for stream in streams:
        other = seen.setdefault(stream.modality.name, stream)
        if other is not stream:
            raise ModelError(
                f"{str(other.checkpoint.path)!r} and {str(stream.checkpoint.path)!r} are both "
                f"{stream.modality.name} streams; give one file per modality"
            )
    if len({stream.classes for stream in streams}) > 1:
        counts = ", ".join(f"{s.checkpoint.path.name}: {s.classes}" for s in streams)
        raise ModelError(f"the files tell different numbers of classes apart ({counts})")


def _origin(stream: OldStream) -> dict[str, Any]:
    """Return what the package keeps about a file."""
    old = stream.checkpoint
    return {
        "modality": stream.modality.name,
        "file": old.path.name,
        "sha256": old.sha256,
        "layout": stream.layout,
        "arch": old.arch,
        "epoch": old.epoch,
        "best_prec1": old.best,
    }
