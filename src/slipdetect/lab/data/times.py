"""Times that people mark in videos: as text, and compared with how long the video is.

In: text, paths. Out: seconds, or an error that guesses what was meant.
"""

from __future__ import annotations

import re
from pathlib import Path

from slipdetect._text import named
from slipdetect.errors import DataError

TOLERANCE = 0.5  # seconds that a marked time may lie beyond the end
ASSUMED_RATE = 25.0
_LEAST = 0.1  # seconds that anything takes

# other containers store no duration, or one that is guessed from the bit rate
_TRUSTED = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})
_SECONDS = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?")
_TIMECODE = re.compile(r"(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]+)?)")

Length = tuple[float, float | None]


def parse_time(text: str) -> float:
    """Return seconds of ``12.5``, ``m:ss`` or ``h:mm:ss``, the seconds with decimals or without.

    Raises:
        ValueError: It is something else; the message says what is wrong with it.
    """
    text = text.strip()
    if text.startswith("-"):
        raise ValueError(f"time {text[:40]!r} is before the video begins")
    if _SECONDS.fullmatch(text):
        return float(text)
    found = _TIMECODE.fullmatch(text)
    if found is None:
        raise ValueError(f"time {text[:40]!r} is neither seconds (62.5) nor h:mm:ss (0:01:02.5)")
    hours, minutes = int(found[1] or 0), int(found[2])
    seconds = float(found[3].replace(",", "."))
    if seconds >= 60 or (found[1] is not None and minutes >= 60):
        raise ValueError(f"time {text[:40]!r} has more than 59 minutes or seconds")
    return hours * 3600 + minutes * 60 + seconds


def length_of(path: Path, last: float, *, thorough: bool = True) -> Length:
    """Return how many seconds a video has, and how many frames a second if that is known.

    Its header is believed unless something is marked behind the end that it tells.

    Args:
        path: The video.
        last: Seconds of the last time that is marked in it.
        thorough: Believe the header of a whole file only, of a container that keeps lengths;
            decode all others to their end.

    Raises:
        VideoError: It cannot be read.
    """
    from slipdetect.video import open_video
    from slipdetect.video.decoder import is_cut_off

    with open_video(path) as opened:
        duration, rate = opened.info.end, opened.info.frame_rate
        whole = not thorough or (path.suffix.lower() in _TRUSTED and not is_cut_off(path))
        if duration is None or not whole or last > duration:
            end = max(frame.time for frame in opened.frames(short_side=16))
            duration = end + 1.0 / (ASSUMED_RATE if rate is None else rate)
    return duration, rate


class Late:
    """Times that end after their video does."""

    def __init__(self) -> None:
        self._told: list[str] = []

    def end(self, start: float, end: float, length: Length, where: str, name: str) -> float:
        """Return the end of a time, at most that of its video.

        Args:
            start: Seconds; ``end`` too.
            end: See ``start``.
            length: Of the video, from ``length_of``.
            where: Where the time stands, for messages.
            name: Of the video, for messages.

        Raises:
            DataError: Most of it lies after the end.
        """
        duration, _ = length
        told = f"{where}: {span_text(start, end)} of {name!r}, which ends at {duration:.2f} s"
        is_late = end > duration + TOLERANCE
        if start >= duration or (is_late and duration - start < (end - start) / 2):
            guess = _guess(start, end, length)
            raise DataError(f"{told}; {guess}correct the times, or check that the file is whole")
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


def _guess(start: float, end: float, length: Length) -> str:
    """Return what else the numbers may be: a time of some length inside the video."""
    duration, rate = length
    units = {"milliseconds": 1000.0}
    if rate is not None:
        units = {f"frame numbers at {rate:g}/s": rate, **units}
    fitting = [
        unit
        for unit, each in units.items()
        if end / each <= duration + TOLERANCE and (end - start) / each >= _LEAST
    ]
    return f"are these {' or '.join(fitting)}? " if fitting else ""


def span_text(start: float, end: float) -> str:
    """Return ``1 s to 2.5 s``."""
    return f"{start:g} s to {end:g} s"
