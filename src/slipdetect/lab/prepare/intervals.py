"""A table of when something happens in long videos to rows, or to clips that are cut out.

In: a CSV ``path,start,end,label`` and the videos. Out: ``Prepared``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import click

from slipdetect._io import exists
from slipdetect._text import excerpt, printable
from slipdetect.cli.typed_options import FOLDER, Number, option
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.data.annotations import AnnotationLine, lines_by_video, read_lines
from slipdetect.lab.data.times import Late, span_text
from slipdetect.lab.prepare.cut_plan import CutRule
from slipdetect.lab.prepare.importer import Importer, ImportJob
from slipdetect.lab.prepare.rows import Prepared
from slipdetect.video import find_videos

_seconds = partial(option, type=Number(min=0.0), metavar="SECONDS", default=1.0, beside=("cut",))


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
    before: float = _seconds(help="Seconds before an event that its clip begins.")
    after: float = _seconds(help="Seconds after an event that its clip ends.")
    clearance: float = _seconds(help="Least seconds between an event and a negative clip.")
    negatives_per_event: int = option(
        type=click.IntRange(min=0),
        metavar="N",
        default=2,
        beside=("cut",),
        help="Negative clips cut near each event, and from each video without.",
    )
    dataset: str = option(
        metavar="NAME", default="", show_default=False, help="Name of the data set."
    )

    def read(self, source: Path, job: ImportJob) -> Prepared:
        """Return a row per event, or per clip that was cut.

        Raises:
            DataError: The table is malformed, or times are not in their video.
            UsageError: The clips would not be below the folder that paths in the CSV count from.
            OutputError: A clip exists or cannot be written.
        """
        from slipdetect.lab.prepare.cutting import cut_rows, row_of
        from slipdetect.lab.prepare.times import check_times

        folder = source.parent if self.videos is None else self.videos
        rule = CutRule(self.before, self.after, self.clearance, self.negatives_per_event)
        base = job.out.parent if job.root is None else job.root
        if self.cut is not None and not self.cut.resolve().is_relative_to(base.resolve()):
            raise UsageError(
                f"--cut {str(self.cut)!r} must be in the folder that paths in the CSV count from,"
                f" {str(base)!r}"
            )
        videos = read_intervals(source, folder, self.dataset)
        names = [printable(lines[0].path.name) for lines in videos]
        job.split.check(has_split=any(lines[0].split for lines in videos))
        steps = len(videos) * (1 if self.cut is None else 2)
        checked, late = [], Late()
        for index, lines in enumerate(videos):
            job.progress(index / steps, f"checking {names[index]}")
            checked.append(check_times(lines, late))
        if self.cut is None:
            prepared = Prepared([row_of(line) for lines, _ in checked for line in lines])
        else:

            def show(index: int, share: float) -> None:
                job.progress((len(videos) + index + share) / steps, f"cutting {names[index]}")

            prepared = cut_rows(
                checked, self.cut, folder, rule, overwrite=job.overwrite, on_progress=show
            )
        others = _others([lines[0].path for lines in videos], folder, self.cut)
        prepared.warnings += late.warnings()
        prepared.times_checked = True  # of marked negatives too, which have no rows
        prepared.left_out.add("video of the folder that the table does not name", others)
        return prepared


def _others(videos: Sequence[Path], folder: Path, cut: Path | None) -> list[str]:
    """Return the videos below the folder that the table does not name; clips are not counted."""
    known = {os.path.realpath(path) for path in videos}
    clips = None if cut is None else os.path.realpath(cut)
    found = [(path, os.path.realpath(path)) for path in find_videos(folder)]
    return [
        str(path)
        for path, real in found
        if real not in known and (clips is None or not real.startswith(clips + os.sep))
    ]


def read_intervals(file: Path, root: Path, dataset: str = "") -> list[list[AnnotationLine]]:
    """Return the rows of each video of a table of times, in order of time.

    Columns are those of ``read_annotations``, but ``label`` may be missing or empty, which is an
    event where there are times, and ``start`` and ``end`` may not be missing. A video without a
    group is one by itself.

    Args:
        file: The CSV, UTF-8 with or without a byte-order mark.
        root: Folder that paths count from and stay in.
        dataset: Data set of rows that name none.

    Raises:
        DataError: It cannot be read, or a line is malformed, leads out, overlaps another of its
            video or contradicts it (with its number).
    """
    by_path = lines_by_video(read_lines(file, root, ("path", "start", "end")))
    if not by_path:
        raise DataError(f"{str(file)!r} has no row; write one a video or event below the header")
    return [_video(lines, root, dataset) for lines in by_path.values()]


def _video(lines: Sequence[AnnotationLine], root: Path, dataset: str) -> list[AnnotationLine]:
    first = lines[0]
    if not (exists(first.path) and first.path.is_file()):
        raise DataError(
            f"{first.where}: {excerpt(first.name)} was not found below {str(root)!r};"
            " check its spelling, or name the folder of the videos with --videos"
        )
    spans = sorted((line.span for line in lines if line.span), key=lambda span: span.start)
    for one, other in pairwise(spans):
        if other.start < one.end:
            raise DataError(
                f"{other.where}: {span_text(other.start, other.end)} overlaps"
                f" {span_text(one.start, one.end)} of {one.where}; merge them or correct the times"
            )
    group, dataset = first.group or first.name, first.dataset or dataset
    ordered = sorted(lines, key=lambda line: line.span.start if line.span else 0.0)
    return [replace(line, group=group, dataset=dataset) for line in ordered]
