"""A table of when something happens in long videos to rows, or to clips that are cut out.

In: a CSV ``path,start,end,label`` and the videos. Out: ``Prepared``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import click

from slipdetect._text import printable
from slipdetect.cli.typed_options import option
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import RIGHT_WORDS, WRONG_WORD, label_word
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.prepare.cut_plan import CutRule, Span, TimedVideo
from slipdetect.lab.prepare.importer import FOLDER, Importer, ImportJob
from slipdetect.lab.prepare.rows import SPLITS, Prepared
from slipdetect.lab.prepare.text_files import excerpt, parse_time, read_table
from slipdetect.video import find_videos

_ALIASES = {
    "path": ("source", "video"),
    "start": ("event_start", "start_s"),
    "end": ("event_end", "end_s"),
    **{name: () for name in ("label", "group", "split", "dataset")},
}
_SECONDS = click.FloatRange(min=0.0)
_HAPPENED = RIGHT_WORDS | {"true", "event"}
_DID_NOT = frozenset({WRONG_WORD, "false"})


@dataclass(frozen=True)
class _Line:
    where: str
    path: Path
    cells: dict[str, str]
    span: Span | None
    positive: bool


@dataclass(frozen=True, kw_only=True)
class Intervals(Importer):
    """Import times of events in long videos.

    TIMES.csv has the columns path (or source), start and end, and may have label, group, split and
    dataset. Times are seconds (62.5) or h:mm:ss (0:01:02.5) and are checked against the videos. A
    row labeled slip, fall, right or missed, or with no label, is an event; one labeled other or
    wrong is something that only looks like one; a video without times shows no slip. Training draws
    its negatives beside the events, so the CSV of whole videos needs no more. With --cut each event
    becomes a clip, and the negatives are clips as near to the events as there is place.

    \b
    slipdetect prepare intervals times.csv --videos videos/ --out videos/clips.csv
    slipdetect prepare intervals times.csv --videos videos/ --cut cuts/ --out clips.csv
    """

    source = "TIMES.csv"
    has_classes = False

    videos: Path | None = option(
        type=FOLDER, help="Folder of the videos.  [default: that of TIMES.csv]"
    )
    cut: Path | None = option(type=FOLDER, help="Cut clips into this folder and list those.")
    before: float = option(
        type=_SECONDS,
        metavar="SECONDS",
        default=1.0,
        show_default=True,
        beside=("cut",),
        help="Seconds before an event that its clip begins.",
    )
    after: float = option(
        type=_SECONDS,
        metavar="SECONDS",
        default=1.0,
        show_default=True,
        beside=("cut",),
        help="Seconds after an event that its clip ends.",
    )
    clearance: float = option(
        type=_SECONDS,
        metavar="SECONDS",
        default=1.0,
        show_default=True,
        beside=("cut",),
        help="Least seconds between an event and a negative clip.",
    )
    negatives_per_event: int = option(
        type=click.IntRange(min=0),
        metavar="N",
        default=2,
        show_default=True,
        beside=("cut",),
        help="Negative clips cut near each event, and from each video without.",
    )
    dataset: str = option(metavar="NAME", default="", help="Name of the data set.")

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row per event, or per clip that was cut.

        Raises:
            DataError: The table is malformed, or times are not in their video.
            UsageError: The clips would not be below the folder that paths in the CSV count from.
            OutputError: A clip exists or cannot be written.
        """
        from slipdetect.lab.prepare.cutting import cut_rows, whole_rows
        from slipdetect.lab.prepare.times import Late, check_times

        folder = source.parent if self.videos is None else self.videos
        rule = CutRule(self.before, self.after, self.clearance, self.negatives_per_event)
        if self.cut is not None:
            _check_inside(self.cut, job.out.parent if job.root is None else job.root)
        videos = [
            video if video.dataset else replace(video, dataset=self.dataset)
            for video in read_intervals(source, folder)
        ]
        job.split.check(has_split=any(video.split for video in videos))
        steps = len(videos) * (1 if self.cut is None else 2)
        checked, late = [], Late()
        for index, video in enumerate(videos):
            job.progress(index / steps, f"checking {printable(video.path.name)}")
            checked.append(check_times(video, late))
        if self.cut is None:
            prepared = whole_rows([video for video, _ in checked])
        else:

            def show(index: int, share: float) -> None:
                name = printable(videos[index].path.name)
                job.progress((len(videos) + index + share) / steps, f"cutting {name}")

            prepared = cut_rows(
                checked, self.cut, folder, rule, overwrite=job.overwrite, on_progress=show
            )
        others = _others(videos, folder, self.cut)
        prepared.warnings += late.warnings()
        prepared.times_checked = True  # of marked negatives too, which have no rows
        prepared.left_out.add("video of the folder that the table does not name", others)
        return prepared


def _check_inside(cut: Path, base: Path) -> None:
    if not cut.resolve().is_relative_to(base.resolve()):
        raise UsageError(
            f"--cut {str(cut)!r} must be in the folder that paths in the CSV count from,"
            f" {str(base)!r}"
        )


def _others(videos: Sequence[TimedVideo], folder: Path, cut: Path | None) -> list[str]:
    """Return the videos below the folder that the table does not name; clips are not counted."""
    known = {os.path.realpath(video.path) for video in videos}
    clips = None if cut is None else os.path.realpath(cut)
    found = [(path, os.path.realpath(path)) for path in find_videos(folder)]
    return [
        str(path)
        for path, real in found
        if real not in known and (clips is None or not real.startswith(clips + os.sep))
    ]


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
    for where, cells in read_table(file, ("path", "start", "end"), _ALIASES):
        line = _parse(where, cells, folder)
        by_path.setdefault(line.path, []).append(line)
    if not by_path:
        raise DataError(f"{str(file)!r} has no row; write one a video or event below the header")
    return [_video(lines) for lines in by_path.values()]


def _parse(where: str, cells: dict[str, str], folder: Enclosure) -> _Line:
    path = folder.path(cells["path"], where)
    if not path.is_file():
        raise DataError(
            f"{where}: {excerpt(cells['path'])} was not found below {str(folder.root)!r};"
            " check its spelling, or name the folder of the videos with --videos"
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
