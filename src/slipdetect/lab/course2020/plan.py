"""What a table of experiments consists of: runs to train, and cells computed from their scores.

In: names, numbers and keys. Out: ``Trial``, ``Cell``, ``Row`` and ``Table``, plain data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from slipdetect.errors import UsageError


@dataclass(frozen=True)
class Trial:
    """One network to train and score.

    Attributes:
        key: Its name, unique among all tables, and the name of its folder.
        backbone: Network.
        modality: Stream.
        recipe: Name of the training recipe.
        changes: Settings that differ from the recipe's.
        share: Part of the training clips that it sees, above 0 to 1.
    """

    key: str
    backbone: str
    modality: str
    recipe: str
    changes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    share: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise UsageError(
                f"trial {self.key!r} must see a share of the clips in (0, 1], not {self.share}"
            )


@dataclass(frozen=True)
class Cell:
    """One figure: the accuracy of a trial, or of several whose logits are added.

    Attributes:
        trials: Keys.
        weights: Weight of each trial's logits; None: fitted on the validation clips.
    """

    trials: tuple[str, ...]
    weights: tuple[float, ...] | None

    def __post_init__(self) -> None:
        if not self.trials or (self.weights is not None and len(self.weights) != len(self.trials)):
            raise UsageError(f"a cell of {self.trials} cannot have the weights {self.weights}")

    @classmethod
    def single(cls, trial: str) -> Cell:
        """Return the cell of one trial."""
        return cls((trial,), (1.0,))


@dataclass(frozen=True)
class Row:
    """A line of a table: its heading and a cell per column."""

    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table of the 2020 course report.

    Attributes:
        name: What the command line calls it.
        title: What it shows.
        columns: Headings.
        rows: Lines, each with a cell per column.
        trials: Everything that has to be trained for it.
        notes: What a reader must know, a sentence each.
        has_curves: Whether it is about how the runs learn; its trials are then its columns.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    trials: tuple[Trial, ...]
    notes: tuple[str, ...] = ()
    has_curves: bool = False

    def __post_init__(self) -> None:
        known = [trial.key for trial in self.trials]
        if len(set(known)) != len(known):
            raise UsageError(f"{self.name} names a trial twice")
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise UsageError(f"{self.name}: row {row.label!r} does not fill its columns")
            unknown = {key for cell in row.cells for key in cell.trials} - set(known)
            if unknown:
                raise UsageError(
                    f"{self.name}: row {row.label!r} needs the unknown trial {min(unknown)!r}"
                )
