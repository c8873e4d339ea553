"""Times of events, as people mark them, compared with each other and with their videos.

In: ``TimedVideo``s, ``Row``s. Out: the same with their times inside the video, or an error.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import AnnotationLine, ending_with
from slipdetect.lab.data.times import Late, length_of, span_text
from slipdetect.lab.prepare.rows import SLIP, Row


def check_times(lines: Sequence[AnnotationLine], late: Late) -> tuple[list[AnnotationLine], float]:
    """Return the rows of a video with their times inside it, and its duration in seconds.

    The header is believed where the file is whole and no time lies beyond it; otherwise the video
    is decoded to its end. A time that ends after the video ends with it, which ``late`` notes if
    it is more than ``TOLERANCE`` seconds.

    Raises:
        DataError: Most of a time lies after the end (with its line).
        VideoError: The video cannot be read.
    """
    ends = [line.span.end for line in lines if line.span]
    length = length_of(lines[0].path, max(ends, default=0.0))
    return ending_with(lines, length, late), length[0]


def check_rows(
    rows: Sequence[Row],
    late: Late,
    *,
    compare: bool = True,
    on_video: Callable[[int, int, Path], None] = lambda index, total, path: None,
) -> list[Row]:
    """Return rows with the times of their events inside the videos, in the same order.

    Args:
        rows: Clips, or events of clips.
        late: Notes events that end after their video.
        compare: Look into the videos too, as ``check_times`` does; else only at the times.
        on_video: Called with the number of the video that is looked into, how many these are, and
            its path.

    Raises:
        DataError: A time is missing or impossible, lies mostly after the end, or in another event.
        VideoError: A video cannot be read.
    """
    events: dict[Path, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.start is not None or row.end is not None:
            events[row.path].append(place)
    found = list(rows)
    for index, (path, places) in enumerate(events.items()):
        spans = [_span(rows[place]) for place in places]
        # what only looks like a fall may be labeled twice, and by others during one
        falls = sorted(
            span for span, place in zip(spans, places, strict=True) if rows[place].label == SLIP
        )
        for one, other in pairwise(falls):
            if other[0] < one[1]:
                raise DataError(
                    f"{str(path)!r}: the event from {span_text(*other)} overlaps that from"
                    f" {span_text(*one)}; merge them or correct the times"
                )
        if compare:
            on_video(index, len(events), path)
            length = length_of(path, max(end for _, end in spans))
            for place in places:
                event = _span(rows[place])
                end = late.end(*event, length, rows[place].where, str(path))
                found[place] = replace(rows[place], end=end)
    return found


def _span(row: Row) -> tuple[float, float]:
    if row.start is None or row.end is None:
        has, lacks = ("a start", "end") if row.end is None else ("an end", "start")
        raise DataError(f"{str(row.path)!r}: an event has {has} and no {lacks}; give both or none")
    if not 0.0 <= row.start < row.end < math.inf:
        raise DataError(
            f"{str(row.path)!r}: an event from {span_text(row.start, row.end)} makes no sense; it"
            " begins at 0 or later and ends after that"
        )
    return row.start, row.end
