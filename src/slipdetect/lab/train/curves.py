"""Learning curves of a training run as a picture.

In: the metrics of every epoch by modality. Out: a PNG with loss and accuracy side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from slipdetect._io import atomic_write
from slipdetect.lab.train.learning_curves import Curve, draw_learning_curves

_PARTS = (("train", "training"), ("val", "validation"))


class Epoch(Protocol):
    """What is drawn of an epoch, counted from 0; None where there was no validation."""

    @property
    def epoch(self) -> int: ...
    @property
    def train_loss(self) -> float: ...
    @property
    def train_accuracy(self) -> float: ...
    @property
    def val_loss(self) -> float | None: ...
    @property
    def val_accuracy(self) -> float | None: ...


def draw_curves(
    history: Mapping[str, Sequence[Epoch]], target: Path, *, overwrite: bool = False
) -> None:
    """Write loss and accuracy over epochs, training dashed and validation solid.

    Raises:
        OutputError: The picture cannot be written.
    """
    with atomic_write(target, overwrite=overwrite) as temporary:
        draw_learning_curves(list(_curves(history)), temporary)


def _curves(history: Mapping[str, Sequence[Epoch]]) -> Iterator[Curve]:
    for modality, epochs in history.items():
        for metric in ("loss", "accuracy"):
            for key, part in _PARTS:
                found = [(m.epoch + 1, getattr(m, f"{key}_{metric}")) for m in epochs]
                points = tuple((epoch, value) for epoch, value in found if value is not None)
                if points:
                    yield Curve(modality, part, metric, points)
