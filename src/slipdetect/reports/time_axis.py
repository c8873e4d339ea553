"""A time axis that people read: m:ss, or h:mm:ss from an hour on.

In: how long a video is. Out: ticks on an axis.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.ticker import FuncFormatter, MultipleLocator

from slipdetect.types.timeline import axis_length, tick_text, time_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def set_time_axis(axes: Axes, duration: float) -> None:
    """Let the axis reach from 0 to ``duration`` (seconds), with ticks at round times."""
    length = axis_length(duration, ())
    step = time_step(length)
    axes.set_xlim(0, length)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick_text(x, step, length)))
    axes.set_xlabel("time, h:mm:ss" if length >= 3600 else "time, m:ss")
