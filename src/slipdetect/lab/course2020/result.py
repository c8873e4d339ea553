"""What a table came to: a figure with its interval in every cell, and what it rests on.

In: numbers. Out: frozen dataclasses that reports turn into text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipdetect.lab.course2020.leaked import Leaked

DONE, FAILED, MISSING = "done", "failed", "missing"


@dataclass(frozen=True)
class Figure:
    """A share of clips, 0 to 1.

    Attributes:
        value: The share, the mean over seeds where there are several.
        low: Lower end of its 95% interval, whole groups resampled.
        high: Upper end.
        by_seed: The share with each seed.
    """

    value: float
    low: float
    high: float
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class CellResult:
    """One cell.

    Attributes:
        state: ``"done"``, ``"failed"`` or ``"missing"`` (not run).
        accuracy: Share of clips that are right; None unless done.
        mean_class: Mean of the shares of each label; None unless done and both labels are there.
        weights: Weights of the fused trials by seed.
        fitted: Whether the weights were fitted on the validation clips.
        note: Why fitted weights are equal, where they are.
    """

    state: str
    accuracy: Figure | None = None
    mean_class: Figure | None = None
    weights: tuple[tuple[float, ...], ...] = ()
    fitted: bool = False
    note: str = ""


@dataclass(frozen=True)
class Side:
    """How many clips a side has: in all, with a slip or fall, and of how many groups."""

    clips: int
    positives: int
    groups: int


@dataclass(frozen=True)
class Chosen:
    """The epoch that validation chose, beside the last one.

    Attributes:
        epoch: Its number, from 1.
        epochs: How many there were.
        accuracy: Validation accuracy after it, 0 to 1.
        loss: Validation loss after it.
        last_accuracy: After the last epoch.
        last_loss: After the last epoch.
    """

    epoch: int
    epochs: int
    accuracy: float
    loss: float
    last_accuracy: float
    last_loss: float


@dataclass(frozen=True)
class TableResult:
    """A table with its figures.

    Attributes:
        name: What the command line calls it.
        title: Heading.
        columns: Headings of the columns.
        rows: Heading and cells of every line.
        notes: What a reader must know.
        sides: Train, val and test.
        majority: Accuracy of always giving the commoner label of the training side; None while
            nothing was scored.
        settings: Protocol, seeds, starting weights and other settings to show, by name.
        failures: Why runs failed, by their names.
        smoke: Whether this only shows that everything runs.
        chosen: For a table about training itself, by column what validation measured with the
            first seed; else empty.
        leaked: What of the split is on two sides; None where nothing is.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[CellResult, ...]], ...]
    notes: tuple[str, ...]
    sides: Mapping[str, Side]
    majority: float | None
    settings: Mapping[str, str]
    failures: Mapping[str, str] = field(default_factory=dict)
    smoke: bool = False
    chosen: tuple[Chosen | None, ...] = ()
    leaked: Leaked | None = None
