"""Annotation files: which clip shows a slip or fall, when, and what it must not be split from.

In: a CSV. Out: ``AnnotationLine``s, each with its place for messages; a list of ``Clip``.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from slipdetect._tables import read_table, whole
from slipdetect._text import excerpt
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.data.times import TOLERANCE, Late, Length, length_of, parse_time

logger = logging.getLogger(__name__)

_POSITIVE = frozenset({"slip", "fall", "slipping", "falling", "positive", "1"})
_NEGATIVE = frozenset({"other", "notslipping", "not-slipping", "negative", "normal", "adl", "0"})
# what a person says of a found event, as in the review of an HTML report
RIGHT_WORDS = frozenset({"right", "missed", "true", "event"})
WRONG_WORDS = frozenset({"wrong", "false"})
ALIASES = {
    "path": ("source", "video"),
    "start": ("event_start", "start_s"),
    "end": ("event_end", "end_s"),
}
_OWN = ("label", "group", "dataset", "split")
_KNOWN = frozenset({*_OWN, *ALIASES, *ALIASES["start"], *ALIASES["end"]})
_SPLITS = {"train": "train", "training": "train", "val": "val", "validation": "val", "test": "test"}


@dataclass(frozen=True)
class Clip:
    """One annotated video."""

    path: Path  # the video file
    positive: bool  # whether somebody slips or falls in it
    # (start, end) in seconds; empty for a positive clip whose times are unknown
    events: tuple[tuple[float, float], ...] = ()
    group: str = ""  # person, scene or film; clips of one group never fall on both sides of a split
    dataset: str = ""  # data set the clip belongs to, for balanced sampling and reports
    # every other column of the file, by its name in small letters
    columns: dict[str, str] = field(default_factory=dict, hash=False, compare=False)
    split: str = ""  # "train", "val" or "test"; empty where the file does not say
    # (start, end) in seconds at which something only looks like a fall
    lookalikes: tuple[tuple[float, float], ...] = ()
    # (start, end, class) of events and lookalikes that have a class, from the column action
    classes: tuple[tuple[float, float, str], ...] = ()

    @property
    def timed(self) -> bool:
        """Whether it is known when the clip's events happen (trivially so without any)."""
        return not self.positive or bool(self.events)


@dataclass(frozen=True)
class Span:
    """A time that somebody marked."""

    where: str  # the file and line, for messages
    start: float  # seconds
    end: float  # seconds
    positive: bool  # whether somebody slips then, or something only looks like it


@dataclass(frozen=True)
class AnnotationLine:
    """A row of an annotation file: a video, or one time in it."""

    where: str  # the file and line, for messages
    path: Path  # the video, which need not exist
    name: str  # as the file names it
    positive: bool  # whether somebody slips in it, or at that time
    span: Span | None  # when, if the row says so
    group: str  # person or scene, or empty
    dataset: str  # or empty
    split: str  # "train", "val", "test" or empty
    columns: Mapping[str, str]  # all others, by name


def label_word(word: str) -> bool | None:
    """Return whether ``word`` means a slip or fall, or something else; None if it means neither."""
    known = whole(word.strip().lower())
    return (known in _POSITIVE) if known in _POSITIVE | _NEGATIVE else None


def read_annotations(file: Path, root: Path | None = None, *, lengths: bool = True) -> list[Clip]:
    """Read an annotation CSV.

    Columns: ``path`` and ``label`` (slip, fall, positive, 1 / other, negative, normal, 0) are
    required; ``start`` and ``end`` (or ``event_start``, ``event_end``), see ``parse_time``,
    ``group``, ``dataset`` and ``split`` (train, val, test) are optional. Several rows with one path
    are several events of one clip. A review's verdicts are labels too: right, missed, and wrong.
    Times of what is no slip are those of a lookalike.

    Args:
        file: The CSV, UTF-8 with or without a byte-order mark; see ``Table`` for what it may be.
        root: Folder that relative paths start from and that every path must stay in, links
            followed; the CSV's own folder when None.
        lengths: Compare times with how long the videos are; those that cannot be read are left to
            whoever reads them.

    Raises:
        DataError: The file is missing, or a row is malformed or leads out of the folder, or its
            times lie after the end of the video (with its line number).
    """
    lines = read_lines(file, file.parent if root is None else root, ("path", "label"))
    by_video = lines_by_video(lines)
    if not by_video:
        raise DataError(f"{str(file)!r} lists no clips; it needs a header and a row a clip")
    if lengths:
        late = Late()
        by_video = {path: _inside(path, rows, late) for path, rows in by_video.items()}
        for warning in late.warnings():
            logger.warning(warning)
    return [_clip(rows) for rows in by_video.values()]


def read_lines(file: Path, root: Path, needed: Sequence[str]) -> Iterator[AnnotationLine]:
    """Yield the rows of a CSV of videos and times.

    Args:
        file: The CSV.
        root: Folder that paths count from and stay in.
        needed: Columns that it must have; without ``label`` among them a row with times is an
            event, and one without is a video that shows none.

    Raises:
        DataError: It cannot be read, or a row is malformed or leads out of the folder.
    """
    folder = Enclosure(root)
    for where, cells in read_table(file, needed, ALIASES, kind="annotations"):
        path = folder.path(cells["path"], where)
        split = cells.get("split", "").lower()
        if split and split not in _SPLITS:
            raise DataError(f"{where}: split {excerpt(split)} is none of train, val and test")
        times = _times(cells, where)
        word = cells.get("label", "")
        if not word and "label" not in needed:
            positive = times is not None
        else:
            positive = _positive(word, where)
        if times is None and word.lower() in WRONG_WORDS:
            raise DataError(f"{where}: {excerpt(word)} needs the times of what is not a fall")
        yield AnnotationLine(
            where=where,
            path=path,
            name=cells["path"],
            positive=positive,
            span=None if times is None else Span(where, *times, positive),
            group=cells.get("group", ""),
            dataset=cells.get("dataset", ""),
            split=_SPLITS[split] if split else "",
            columns={name: cell for name, cell in cells.items() if name not in _KNOWN},
        )


def lines_by_video(lines: Iterable[AnnotationLine]) -> dict[Path, list[AnnotationLine]]:
    """Return the rows of each video, in the order of the file.

    Raises:
        DataError: Rows of one video differ in group, data set or split, or one has no times.
    """
    by_video: dict[Path, list[AnnotationLine]] = {}
    for line in lines:
        rows = by_video.setdefault(line.path, [])
        if rows:
            _agree(rows[0], line)
        rows.append(line)
    return by_video


def _agree(first: AnnotationLine, line: AnnotationLine) -> None:
    for name in ("group", "split", "dataset"):
        if getattr(line, name).lower() != getattr(first, name).lower():
            raise DataError(f"{line.where}: another {name} than in {first.where}")
    if line.span is None or first.span is None:
        raise DataError(
            f"{line.where}: {excerpt(line.name)} is also in {first.where}, and one of them has no"
            " times; give times in both, or list it once"
        )


def _positive(label: str, where: str) -> bool:
    word = label.lower()
    if word in RIGHT_WORDS | WRONG_WORDS:
        return word in RIGHT_WORDS
    known = label_word(word)
    if known is None:
        raise DataError(
            f"{where}: label {excerpt(label)} is neither a slip (slip, fall, right, missed, 1) nor"
            " something else (other, normal, wrong, 0)"
        )
    return known


def _times(cells: Mapping[str, str], where: str) -> tuple[float, float] | None:
    start, end = cells.get("start", ""), cells.get("end", "")
    if not start and not end:
        return None
    if not (start and end):
        has, lacks = ("a start", "end") if start else ("an end", "start")
        raise DataError(f"{where}: it has {has} and no {lacks}; give both or neither")
    try:
        times = parse_time(start), parse_time(end)
    except ValueError as error:
        raise DataError(f"{where}: {error}") from error
    if times[1] <= times[0]:
        raise DataError(f"{where}: it ends at {end}, not after {start}; correct the times")
    return times


def _inside(path: Path, rows: list[AnnotationLine], late: Late) -> list[AnnotationLine]:
    """Return rows whose times end with their video, where it can be read.

    Raises:
        DataError: Most of a time lies after the end.
    """
    last = max((row.span.end for row in rows if row.span is not None), default=None)
    if last is None:
        return rows
    try:
        length = length_of(path, last, thorough=False)
    except VideoError:
        return rows
    return ending_with(rows, length, late, TOLERANCE)


def ending_with(
    rows: Sequence[AnnotationLine], length: Length, late: Late, slack: float = 0.0
) -> list[AnnotationLine]:
    """Return rows whose times end with their video, or up to ``slack`` seconds later.

    Raises:
        DataError: Most of a time lies after the end.
    """
    found = []
    for row in rows:
        if span := row.span:
            end = late.end(span.start, span.end, length, span.where, row.name)
            if end < span.end - slack:
                row = replace(row, span=replace(span, end=end))
        found.append(row)
    return found


def _clip(rows: Sequence[AnnotationLine]) -> Clip:
    first = rows[0]
    spans = {(row.span.start, row.span.end, row.positive) for row in rows if row.span is not None}
    return Clip(
        path=first.path,
        positive=any(row.positive for row in rows),
        events=tuple(sorted((start, end) for start, end, positive in spans if positive)),
        lookalikes=tuple(sorted((start, end) for start, end, positive in spans if not positive)),
        group=first.group or str(first.path),
        dataset=first.dataset,
        split=first.split,
        columns=dict(first.columns),
        classes=tuple(
            (row.span.start, row.span.end, action)
            for row in rows
            if row.span is not None and (action := row.columns.get("action"))
        ),
    )
