"""From old checkpoints to a model package.

In: one ``.pth.tar`` per stream. Out: a package, and what was recognized in every file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import torch

from slipdetect.errors import ModelError, UsageError
from slipdetect.lab.checkpoints.assumed import (
    Wishes,
    assumed_config,
    changed,
    check_labels,
    summed,
)
from slipdetect.lab.checkpoints.reading import Note, read_checkpoint, read_note
from slipdetect.lab.checkpoints.stream import OldStream, recognize
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import ModelPackage, check_folder
from slipdetect.models.saving import save_package
from slipdetect.types import Calibration

# what streams of two models may differ in without one being run as the other
_FREE = ("name", "streams", "fusion", "training", "versions", "format_version")


@dataclass(frozen=True)
class Imported:
    """A package made of old checkpoints."""

    package: ModelPackage
    streams: tuple[OldStream, ...]  # what was in the files, in the order given
    noted: bool  # every file has a note of export_stream, so that nothing had to be assumed
    remarks: tuple[str, ...] = ()  # what else to know about files with such a note, a line each


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
        modality: Of the file; None: as its input channels say.
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
    is_whole = noted and one_model(notes) and not _absent(notes)
    card = notes[0].card if is_whole else None
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
        raise ModelError(f"the files have different numbers of classes ({counts})")


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


def noted_stream(stream: OldStream, note: Note) -> StreamConfig:
    """Return what the note says of the stream in its file.

    Raises:
        UsageError: The note is about another network than its file.
    """
    classes = len(note.config.labels)
    if classes != stream.classes:
        raise UsageError(
            f"{str(stream.checkpoint.path)!r} has a note about another network than it holds "
            f"({classes} classes, not {stream.classes}); export the model again"
        )
    return replace(note.stream, backbone=stream.backbone, file="", sha256="")


def noted_config(name: str, streams: Sequence[OldStream], notes: Sequence[Note]) -> ModelConfig:
    """Return what the notes say; where those of different models differ, the first one counts.

    All streams of one model give that model again, in the order of ``streams``.

    Raises:
        UsageError: A note is about another network than its file.
    """
    parts = tuple(noted_stream(*pair) for pair in zip(streams, notes, strict=True))
    first = notes[0].config
    weights = {note.modality: note.config.fusion["weights"][note.modality] for note in notes}
    if not any(weights.values()):
        # a stream of weight zero cannot be a model of its own
        weights = dict.fromkeys(weights, 1.0)
    return replace(
        first,
        name=name,
        streams=parts,
        fusion={**first.fusion, "weights": weights},
        calibration=_calibration(notes),
        training=_joined([note.config.training for note in notes]),
    )


def remarks(notes: Sequence[Note | None]) -> tuple[str, ...]:
    """Return what somebody who imports these files had better know, one line each."""
    known = [note for note in notes if note is not None]
    if not known:
        return ()
    if len(known) < len(notes):
        names = ", ".join(note.modality for note in known)
        return (
            f"only the {names} file was written by slipdetect: that network is run as its file "
            "says, all else is assumed as for the others",
        )
    first = known[0].config
    if not one_model(known):
        differing = sorted({name for note in known for name in _differing(first, note.config)})
        taken = f" {', '.join(differing)} are the first one's;" if differing else ""
        return (
            f"the files are of different models:{taken} choose the weights with --fusion, and "
            "calibrate again: slipdetect calibrate",
        )
    absent = _absent(known)
    if absent:
        noun = "stream" if len(absent) == 1 else "streams"
        return (
            f"{first.name!r} also has the {noun} {', '.join(absent)}; calibration and thresholds "
            "are those of all its streams together: import all its files, or calibrate again: "
            "slipdetect calibrate",
        )
    return ()


def one_model(notes: Sequence[Note]) -> bool:
    """Return whether the files are of one model; digests of weights tell runs apart."""
    return all(note.config == notes[0].config for note in notes)


def _absent(notes: Sequence[Note]) -> list[str]:
    there = {note.modality for note in notes}
    return [s.modality for s in notes[0].config.streams if s.modality not in there]


def _differing(first: ModelConfig, other: ModelConfig) -> list[str]:
    names = [item.name for item in fields(ModelConfig) if item.name not in _FREE]
    return [name for name in names if getattr(first, name) != getattr(other, name)]


def _calibration(notes: Sequence[Note]) -> Calibration:
    """Return the first calibration, with the temperature of every stream by its own note."""
    first = notes[0].config.calibration
    by_note = {note.modality: note.config.calibration.streams for note in notes}
    if all(streams is None for streams in by_note.values()):
        return replace(first, streams=None)
    tempered = {name: (streams or {}).get(name, 1.0) for name, streams in by_note.items()}
    return replace(first, streams=tempered)


def _joined(trainings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how the models were trained: tables and lists joined, of all else the first's."""
    found: dict[str, Any] = {}
    for training in trainings:
        for key, value in training.items():
            known = found.setdefault(key, value)
            if isinstance(known, Mapping) and isinstance(value, Mapping):
                found[key] = {**value, **known}
            elif isinstance(known, list) and isinstance(value, list):
                found[key] = known + [item for item in value if item not in known]
    return found
