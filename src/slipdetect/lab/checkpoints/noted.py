"""The configuration of a package made of checkpoints that ``export_stream`` wrote.

In: recognized streams and the notes in their files. Out: a ``ModelConfig``, and what to mind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from slipdetect.errors import UsageError
from slipdetect.lab.checkpoints.note import Note
from slipdetect.lab.checkpoints.stream import OldStream
from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.types import Calibration

# what streams of two models may differ in without one being run as the other
_FREE = ("name", "streams", "fusion", "training", "versions", "format_version")


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


def noted_card(notes: Sequence[Note]) -> str | None:
    """Return the model card where the files are one whole model again."""
    return notes[0].card if one_model(notes) and not _absent(notes) else None


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
            "calibrate anew: slipdetect calibrate",
        )
    absent = _absent(known)
    if absent:
        noun = "stream" if len(absent) == 1 else "streams"
        return (
            f"{first.name!r} also has the {noun} {', '.join(absent)}; calibration and thresholds "
            "are those of all its streams together: import all its files, or calibrate anew: "
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
