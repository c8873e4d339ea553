"""Rows of an annotation file, and writing them so that ``read_annotations`` reads what was meant.

In: facts about clips. Out: ``Row`` and ``Prepared``; a CSV, or the old one untouched.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slipdetect._io import atomic_write, check_writable
from slipdetect._tables import csv_text
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.data.annotations import read_annotations
from slipdetect.lab.data.safe_paths import Enclosure

SLIP, OTHER = "slip", "other"
SPLITS = ("train", "val", "test")

_COLUMNS = ("path", "label", "start", "end", "group", "dataset", "split", "action")


@dataclass(frozen=True)
class Row:
    """One row of the annotation file: a clip, or one event of it, or one that only looks like it.

    Attributes:
        path: The video.
        label: ``"slip"`` or ``"other"``; with times, what happens then.
        group: Person, scene or film; the clip itself when empty.
        dataset: Data set it belongs to.
        split: ``"train"``, ``"val"``, ``"test"`` or empty.
        action: Name of its class in the data set.
        start: Begin of the event, seconds; None if there is none or it is unknown.
        end: Its end, seconds.
        more: Further columns.
        where: File and line that say so, for messages.
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
    where: str = field(default="an event", compare=False)

    @property
    def unit(self) -> str:
        """What must not be split: the group, or the clip where none is known."""
        return self.group if self.group else str(self.path)


def clip_labels(rows: Iterable[Row]) -> dict[Path, str]:
    """Return the label of each clip: a slip where any of its rows is one."""
    labels: dict[Path, str] = {}
    for row in rows:
        if labels.get(row.path) != SLIP:
            labels[row.path] = row.label
    return labels


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
        warnings: Sentences about what makes results less certain than they look.
        times_checked: The importer has compared the times of events with the videos itself.
    """

    rows: list[Row]
    left_out: LeftOut = field(default_factory=LeftOut)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    times_checked: bool = False


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


def check_target(out: Path, root: Path | None, *, overwrite: bool = False) -> None:
    """Fail before the work when the CSV could not be written after it.

    Raises:
        OutputError: It exists and may not be replaced, or its folder is missing or read-only.
        DataError: ``root`` is not a folder.
    """
    if out.suffix.lower() != ".csv":
        raise OutputError(f"{str(out)!r} does not end with .csv; the annotation file is a CSV")
    check_writable(out, overwrite=overwrite)
    if root is not None and not root.is_dir():
        raise DataError(f"{str(root)!r} is not a folder; --root names the folder of the videos")


def write_rows(
    rows: Sequence[Row], out: Path, root: Path | None = None, *, overwrite: bool = False
) -> None:
    """Write ``rows`` to the CSV ``out`` and read it back as a check.

    Args:
        rows: At least one. Several of one path are events of one clip.
        out: The CSV.
        root: Folder that paths are relative to; the CSV's own when None.
        overwrite: Replace an existing file.

    Raises:
        DataError: There is no row, a video is outside ``root``, its name cannot be listed, or the
            rows contradict each other.
        OutputError: The file cannot be written.
    """
    if not rows:
        raise DataError("no clip is left to write; check the folder and what was left out")
    base = out.parent if root is None else root
    enclosure = Enclosure(base)
    more = list(dict.fromkeys(name for row in rows for name in row.more if name not in _COLUMNS))
    cells = [[*_COLUMNS, *more]]
    for row in rows:
        times = ["" if time is None else seconds(time) for time in (row.start, row.end)]
        known = [_entry(row.path, enclosure), row.label, *times]
        known += [row.group, row.dataset, row.split, row.action]
        cells.append([*known, *(row.more.get(name, "") for name in more)])
    with atomic_write(out, overwrite=overwrite) as temporary:
        temporary.write_text(csv_text(cells), encoding="utf-8", newline="\n")
        try:
            read_annotations(temporary, base, lengths=False)
        except DataError as error:
            raise DataError(str(error).replace(str(temporary), str(out))) from error


def listable(path: Path) -> bool:
    """Return whether a line of UTF-8 text can hold a path."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return text == text.rstrip() and not set(text) & set("\r\n\0")


def seconds(time: float) -> str:
    """Return a time in seconds as decimal text, exact to a microsecond."""
    return f"{time:.6f}".rstrip("0").rstrip(".")


def _entry(path: Path, enclosure: Enclosure) -> str:
    """Return ``path`` as it stands in a list whose paths count from a folder and stay in it."""
    if not listable(path):
        raise DataError(f"{str(path)!r} has a name that no list can hold; rename the file")
    base = enclosure.root
    # not realpath at first: a link inside the folder keeps its own name
    entry = os.path.relpath(path.absolute(), base.absolute())
    if Path(entry).parts[0] == os.pardir:
        entry = os.path.relpath(os.path.realpath(path), os.path.realpath(base))
    entry = Path(entry).as_posix()
    if entry[0] in "~#" or entry[0].isspace():
        entry = f"./{entry}"
    enclosure.path(entry, f"clip {path.name!r}")
    return entry
