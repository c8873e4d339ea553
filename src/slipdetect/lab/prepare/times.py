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
from slipdetect.lab.data.splits import named
from slipdetect.lab.prepare.cut_plan import TimedVideo
from slipdetect.lab.prepare.rows import Row
from slipdetect.video import open_video
from slipdetect.video.decoder import is_cut_off

TOLERANCE = 0.5  # seconds that a marked time may lie beyond the end
ASSUMED_RATE = 25.0

# other containers store no duration, or one that is guessed from the bit rate
_TRUSTED = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})


class Late:
    """Times that end after their video does."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def end(self, start: float, end: float, duration: float, where: str, name: str) -> float:
        """Return the end of a time, at most that of its video, which has ``duration`` seconds.

        Raises:
            DataError: Most of it lies after the end.
        """
        told = f"{where}: {_text(start, end)} of {name!r}, which ends at {duration:.2f} s"
        is_late = end > duration + TOLERANCE
        if start >= duration or (is_late and duration - start < (end - start) / 2):
            raise DataError(f"{told}; correct the times, or check that the file is whole")
        if is_late:
            self._told.append(told)
        return min(end, duration)

    def warnings(self) -> list[str]:
        """Return a sentence where there are any."""
        if not self._told:
            return []
        count = len(self._told)
        which = (
            "1 time ends after its video" if count == 1 else f"{count} times end after their videos"
        )
        return [f"{which}, and is taken to end there: {named(self._told, 3)}"]


def check_times(video: TimedVideo, late: Late) -> tuple[TimedVideo, float]:
    """Return a video with its times inside it, and its duration in seconds.

    The header is believed where the file is whole and no time lies beyond it; otherwise the video
    is decoded to its end. A time that ends after the video ends with it, which ``late`` notes if
    it is more than ``TOLERANCE`` seconds.

    Raises:
        DataError: Most of a time lies after the end (with its line).
        VideoError: The video cannot be read.
    """
    duration = _duration(video.path, max((span.end for span in video.spans), default=0.0))
    spans = [
        replace(span, end=late.end(span.start, span.end, duration, span.where, video.name))
        for span in video.spans
    ]
    return replace(video, spans=tuple(spans)), duration


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
        spans = sorted(_span(rows[place]) for place in places)
        for one, other in pairwise(spans):
            if other[0] < one[1]:
                raise DataError(
                    f"{str(path)!r}: the event from {_text(*other)} overlaps that from"
                    f" {_text(*one)}; merge them or correct the times"
                )
        if compare:
            on_video(index, len(events), path)
            duration = _duration(path, max(end for _, end in spans))
            for place in places:
                event = _span(rows[place])
                end = late.end(*event, duration, "event", str(path))
                found[place] = replace(rows[place], end=end)
    return found


def _span(row: Row) -> tuple[float, float]:
    if row.start is None or row.end is None:
        has, lacks = ("a start", "end") if row.end is None else ("an end", "start")
        raise DataError(f"{str(row.path)!r}: an event has {has} and no {lacks}; give both or none")
    if not 0.0 <= row.start < row.end < math.inf:
        raise DataError(
            f"{str(row.path)!r}: an event from {_text(row.start, row.end)} makes no sense; it"
            " begins at 0 or later and ends after that"
        )
    return row.start, row.end


def _text(start: float, end: float) -> str:
    return f"{start:g} s to {end:g} s"


def _duration(path: Path, last: float) -> float:
    """Return seconds of a video in which something ends at ``last``."""
    with open_video(path) as opened:
        duration = opened.info.end
        whole = path.suffix.lower() in _TRUSTED and not is_cut_off(path)
        if duration is None or not whole or last > duration:
            rate = opened.info.frame_rate
            end = max(frame.time for frame in opened.frames(short_side=16))
            duration = end + 1.0 / (ASSUMED_RATE if rate is None else rate)
    return duration
