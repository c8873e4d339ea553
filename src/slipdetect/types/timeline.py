"""A probability over time as a line and an axis to draw, and the drawing that a notebook shows.

In: windows, events and a length. Out: path data of an SVG, ticks at round times, HTML.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise

from slipdetect.types.events import Event, Window

_MOST = 12  # steps that an axis has room for
_MOST_FINE = 8  # when their text has digits behind the second
_HOUR = 3600
# seconds between ticks that fall on round times
_STEPS = (
    *(0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800),
    *(_HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, 24 * _HOUR),
)
_SHORTEST = 0.1  # seconds of an axis; a video of one frame lasts no time
_COLUMNS = 600  # more windows than two a column would fall on the same pixels
_MOST_ROWS = 20  # events that a notebook lists
_WIDTH, _HEIGHT = 640, 68  # of a notebook's curve


def axis_length(duration: float, windows: Sequence[Window]) -> float:
    """Return up to which second an axis reaches: the end of the last window, if that is later."""
    return max([_SHORTEST, duration, *(window.end for window in windows[-1:])])


def time_step(length: float, most: int = _MOST) -> float:
    """Return the round number of seconds between at most ``most`` ticks of an axis."""
    for step in _STEPS:
        if length / step <= (most if step >= 1 else min(most, _MOST_FINE)):
            return step
    days = math.ceil(length / (_STEPS[-1] * most))
    return float(_STEPS[-1] * days)


def tick_text(seconds: float, step: float, length: float) -> str:
    """Return ``m:ss``, from an hour on ``h:mm:ss``, with the digits that ``step`` needs."""
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    minutes, rest = divmod(round(max(seconds, 0.0) * 100), 6000)
    width = 3 + digits if digits else 2
    text = f"{rest / 100:0{width}.{digits}f}"
    if length < _HOUR:
        return f"{minutes}:{text}"
    return f"{minutes // 60}:{minutes % 60:02}:{text}"


def ticks(length: float, most: int = _MOST) -> list[tuple[float, str]]:
    """Return where on an axis of ``length`` seconds, in shares of it, which time stands."""
    step = time_step(length, most)
    times = (index * step for index in range(int(length / step + 1e-6) + 1))
    return [(time / length, tick_text(time, step, length)) for time in times]


def curve_path(
    windows: Sequence[Window],
    values: Sequence[float | None],
    length: float,
    *,
    width: float = 1000,
    height: float = 100,
) -> str:
    """Return the path data of the line through a value (0 to 1) at the middle of each window.

    The line has a gap where there is no value. Where a column of the picture holds many windows
    the line passes through their first, lowest, highest and last, in the order of time, so that no
    peak is lost.
    """
    lines = []
    for _, run in groupby(zip(windows, values, strict=True), lambda pair: pair[1] is None):
        known = [(window.center, value) for window, value in run if value is not None]
        columns = math.ceil(_COLUMNS * len(known) / len(values))
        kept = [known[index] for index in _kept([value for _, value in known], columns)]
        points = [f"{at / length * width:.1f} {(1 - value) * height:.1f}" for at, value in kept]
        if points:
            # a line from a point to itself is a dot
            lines.append("M" + "L".join(points * 2 if len(points) == 1 else points))
    return "".join(lines)


def _kept(values: Sequence[float], columns: int) -> list[int]:
    """Return the indices of the values that are drawn."""
    count = len(values)
    if count <= 2 * columns:
        return list(range(count))
    kept: list[int] = []
    for first, last in pairwise(count * column // columns for column in range(columns + 1)):
        part = range(first, last)
        low, high = min(part, key=values.__getitem__), max(part, key=values.__getitem__)
        kept += sorted({first, low, high, last - 1})
    return kept


def notebook_html(
    source: str,
    headline: str,
    duration: float,
    windows: Sequence[Window],
    events: Sequence[Event],
) -> str:
    """Return HTML that stands by itself; text has the color of the page around it."""
    from slipdetect._html import render

    length = axis_length(duration, windows)
    values = [window.probability for window in windows]
    return render(
        "notebook.html",
        source=source,
        headline=headline,
        scale=_WIDTH / length,
        curve=curve_path(windows, values, length, width=_WIDTH, height=_HEIGHT),
        ticks=[(_WIDTH * share, text) for share, text in ticks(length, 8)],
        events=events,
        listed=events[:_MOST_ROWS],
    )
