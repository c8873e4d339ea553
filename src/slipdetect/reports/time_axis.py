"""A time axis that people read: m:ss, or h:mm:ss from an hour on.

In: how long a video is. Out: ticks on an axis.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MultipleLocator

if TYPE_CHECKING:
    from matplotlib.axes import Axes

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


def set_time_axis(axes: Axes, duration: float) -> None:
    """Let the axis reach from 0 to ``duration`` (seconds), with ticks at round times."""
    length = max(duration, _SHORTEST)
    step = time_step(length)
    axes.set_xlim(0, length)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick_text(x, step, length)))
    axes.set_xlabel("time, h:mm:ss" if length >= _HOUR else "time, m:ss")


def time_step(duration: float) -> float:
    """Return the round number of seconds between ticks that leaves no more than fit."""
    for step in _STEPS:
        if duration / step <= (_MOST if step >= 1 else _MOST_FINE):
            return step
    days = math.ceil(duration / (_STEPS[-1] * _MOST))
    return float(_STEPS[-1] * days)


def tick_text(seconds: float, step: float, duration: float) -> str:
    """Return the text of a tick; the digits behind the second are those that ``step`` needs."""
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    minutes, rest = divmod(round(max(seconds, 0.0) * 100), 6000)
    width = 3 + digits if digits else 2
    text = f"{rest / 100:0{width}.{digits}f}"
    if duration < _HOUR:
        return f"{minutes}:{text}"
    return f"{minutes // 60}:{minutes % 60:02}:{text}"
