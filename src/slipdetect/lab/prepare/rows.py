"""What preparing a data set comes to: rows of the annotation file, and what was left out.

In: facts about clips. Out: ``Row`` and ``Prepared``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SLIP, OTHER = "slip", "other"
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Row:
    """One row of the annotation file: a clip, or one event of it.

    Attributes:
        path: The video.
        label: ``"slip"`` or ``"other"``.
        group: Person, scene or film; the clip itself when empty.
        dataset: Data set it belongs to.
        split: ``"train"``, ``"val"``, ``"test"`` or empty.
        action: Name of its class in the data set.
        start: Begin of the event, seconds; None if there is none or it is unknown.
        end: Its end, seconds.
        more: Further columns.
    """

    path: Path
    label: str
    group: str = ""
    dataset: str = ""
    split: str = ""
    action: str = ""
    start: float | None = None
    end: float | None = None
    more: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def unit(self) -> str:
        """What must not be split: the group, or the clip where none is known."""
        return self.group if self.group else str(self.path)


class LeftOut:
    """What did not become a row, by reason."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = defaultdict(list)

    def add(self, reason: str, names: str | Sequence[str]) -> None:
        """Count one name or several under ``reason``."""
        self._names[reason].extend([names] if isinstance(names, str) else names)

    def reasons(self) -> dict[str, list[str]]:
        """Return the names by reason, in the order the reasons came up."""
        return {reason: names for reason, names in self._names.items() if names}


@dataclass
class Prepared:
    """A data set ready to be written.

    Attributes:
        rows: One a clip, or one an event.
        left_out: What is not among them, and why.
        notes: Sentences about choices that were made.
        warnings: Sentences about what makes results less sure than they look.
    """

    rows: list[Row]
    left_out: LeftOut = field(default_factory=LeftOut)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def straddling(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the groups that are in more than one split, and in which, both sorted."""
    sides: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.split:
            sides[row.unit].add(row.split)
    return {
        unit: sorted(found, key=SPLITS.index)
        for unit, found in sorted(sides.items())
        if len(found) > 1
    }
