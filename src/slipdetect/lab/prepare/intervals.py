"""A table of when something happens in long videos.

In: a CSV ``path,start,end,label``. Out: a ``TimedVideo`` each, with checked times.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import RIGHT_WORDS, WRONG_WORD, header_advice, label_word
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.extract.sources import text_lines
from slipdetect.lab.prepare.list_lines import excerpt
from slipdetect.lab.prepare.rows import SPLITS
from slipdetect.lab.prepare.timecode import parse_time

_NAMES = {
    "path": ("path", "source", "video"),
    "start": ("start", "event_start", "start_s"),
    "end": ("end", "event_end", "end_s"),
    **{name: (name,) for name in ("label", "group", "split", "dataset")},
}
_HAPPENED = RIGHT_WORDS | {"true", "event"}
_DID_NOT = frozenset({WRONG_WORD, "false"})


@dataclass(frozen=True)
class Span:
    """A time that somebody marked.

    Attributes:
        where: The file and line, for messages.
        start: Seconds; ``end`` too.
        end: See ``start``.
        positive: Whether somebody slips then, or something only looks like it.
    """

    where: str
    start: float
    end: float
    positive: bool


@dataclass(frozen=True)
class TimedVideo:
    """A long video and what is known of it.

    Attributes:
        path: The file.
        name: As the table names it.
        where: File and line where it is named first.
        positive: Whether somebody slips in it.
        spans: Marked times in order, none of which overlap.
        group: Person or scene; the name when the table has none.
        split: ``"train"``, ``"val"``, ``"test"`` or empty.
        dataset: Data set, or empty.
    """

    path: Path
    name: str
    where: str
    positive: bool
    spans: tuple[Span, ...]
    group: str
    split: str = ""
    dataset: str = ""

    @property
    def events(self) -> list[Span]:
        """The times at which somebody slips."""
        return [span for span in self.spans if span.positive]

    @property
    def negatives(self) -> list[Span]:
        """The times at which something only looks like it."""
        return [span for span in self.spans if not span.positive]


@dataclass(frozen=True)
class _Line:
    where: str
    path: Path
    cells: dict[str, str]
    span: Span | None
    positive: bool


def read_intervals(file: Path, root: Path) -> list[TimedVideo]:
    """Read a table of times.

    Columns: ``path`` (or ``source``, ``video``); ``start`` and ``end`` (also ``start_s``,
    ``event_start``), see ``parse_time``, empty for a video without; ``label``: slip, fall, right,
    missed are events, other, normal, wrong are times that only look like one, an empty one is an
    event where there are times; ``group``, ``split``, ``dataset``. Further columns are not looked
    at.

    Args:
        file: The CSV, UTF-8 with or without a byte-order mark.
        root: Folder that paths count from and stay in.

    Raises:
        DataError: It cannot be read, or a line is malformed, leads out, overlaps another of its
            video or contradicts it (with its number).
    """
    folder = Enclosure(root)
    by_path: dict[Path, list[_Line]] = {}
    for where, cells in _rows(file):
        line = _parse(where, cells, folder)
        by_path.setdefault(line.path, []).append(line)
    if not by_path:
        raise DataError(f"{str(file)!r} has no row; write one a video or event below the header")
    return [_video(lines) for lines in by_path.values()]


def _rows(file: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield where a row is and its known cells."""
    table = f"table {str(file)!r}"
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {table}: {error.strerror}; check the path") from error
    with stream:
        rows = csv.reader(text for _, text in text_lines(stream, table))
        columns: dict[str, int] | None = None
        try:
            for row in rows:
                if not any(cell.strip() for cell in row) or row[0].lstrip().startswith("#"):
                    continue
                if columns is None:
                    columns = _columns(row, table)
                    continue
                cells = {n: row[i].strip() if i < len(row) else "" for n, i in columns.items()}
                yield f"{table} line {rows.line_num}", cells
        except csv.Error as error:
            raise DataError(f"{table} line {rows.line_num} is no CSV: {error}") from error


def _columns(header: Sequence[str], table: str) -> dict[str, int]:
    given = [cell.strip().lower() for cell in header]
    columns = {}
    for name, aliases in _NAMES.items():
        found = [alias for alias in aliases if alias in given]
        if found:
            columns[name] = given.index(found[0])
    lacking = [name for name in ("path", "start", "end") if name not in columns]
    if lacking:
        raise DataError(
            f"{table} lacks the column {', '.join(lacking)};"
            f" {header_advice(header, 'path,start,end')}"
        )
    return columns


def _parse(where: str, cells: dict[str, str], folder: Enclosure) -> _Line:
    path = folder.path(cells["path"], where)
    if not path.is_file():
        raise DataError(
            f"{where}: {excerpt(cells['path'])} was not found below {str(folder.root)!r};"
            " check its spelling, or name the folder of the videos with --root"
        )
    split = cells.get("split", "").lower()
    if split and split not in SPLITS:
        raise DataError(f"{where}: split {excerpt(split)} is none of {', '.join(SPLITS)}")
    timed = bool(cells["start"] or cells["end"])
    positive = _positive(cells.get("label", ""), timed, where)
    span = None
    if timed:
        if not (cells["start"] and cells["end"]):
            has, lacks = ("a start", "end") if cells["start"] else ("an end", "start")
            raise DataError(f"{where}: it has {has} and no {lacks}; give both or neither")
        try:
            start, end = parse_time(cells["start"]), parse_time(cells["end"])
        except ValueError as error:
            raise DataError(f"{where}: {error}") from error
        if end <= start:
            raise DataError(
                f"{where}: it ends at {cells['end']}, not after {cells['start']}; correct the times"
            )
        span = Span(where, start, end, positive)
    return _Line(where, path, cells, span, positive)


def _positive(label: str, timed: bool, where: str) -> bool:
    word = label.lower()
    if not word:
        return timed
    known = label_word(word)
    if known is None and word not in _HAPPENED | _DID_NOT:
        raise DataError(
            f"{where}: label {excerpt(label)} is neither an event (slip, fall, right, missed) nor"
            " something that looks like one (other, normal, wrong)"
        )
    return word in _HAPPENED if known is None else known


def _video(lines: Sequence[_Line]) -> TimedVideo:
    first = lines[0]
    for line in lines[1:]:
        for name in ("group", "split", "dataset"):
            if line.cells.get(name, "").lower() != first.cells.get(name, "").lower():
                raise DataError(f"{line.where}: another {name} than in {first.where}")
        untimed = line if line.span is None else first
        if untimed.span is None:
            raise DataError(
                f"{line.where}: {excerpt(line.cells['path'])} is also in {first.where}, and one of"
                " them has no times; give times in both, or list it once"
            )
    spans = sorted((line.span for line in lines if line.span), key=lambda span: span.start)
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise DataError(
                f"{other.where}: {other.start:g} s to {other.end:g} s overlaps {one.start:g} s to"
                f" {one.end:g} s of {one.where}; merge them or correct the times"
            )
    group = first.cells.get("group", "")
    return TimedVideo(
        path=first.path,
        name=first.cells["path"],
        where=first.where,
        positive=any(line.positive for line in lines),
        spans=tuple(spans),
        group=group if group else first.cells["path"],
        split=first.cells.get("split", "").lower(),
        dataset=first.cells.get("dataset", ""),
    )
