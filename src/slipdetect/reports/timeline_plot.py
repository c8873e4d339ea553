"""The probability over a video's time as a picture: fused, of each stream, with the events.

In: a ``DetectionResult`` and its thresholds. Out: a PNG, 1440 pixels wide.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import NDArray

from slipdetect._text import printable, shorten
from slipdetect.reports.colors import COLORS, color
from slipdetect.types.events import stream_names
from slipdetect.types.timeline import axis_length, tick_text, time_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slipdetect.types import DetectionResult, EventConfig

_DPI = 120
_WIDTH = 12.0  # inches
_FUSED, _STREAM = 2.4, 1.2  # inches of a panel
_COLUMNS = 1200  # more windows than this fall on the same pixels
_MARKED = 60  # up to so many windows are dots as well
_APART = 0.03  # of the width that a score takes
_GRAY = "0.35"
_SHADE = COLORS[5]


def draw_timeline(result: DetectionResult, target: Path, events: EventConfig) -> None:
    """Write the plot as a PNG.

    Raises:
        OSError: ``target`` cannot be written.
    """
    figure = timeline_figure(result, events)
    with warnings.catch_warnings():
        # a letter that no font has becomes a box, which is no news to whoever named the file
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(target, dpi=_DPI, format="png")


def timeline_figure(result: DetectionResult, events: EventConfig) -> Figure:
    """Return the plot: a panel of the fused probability, a lower one for each stream."""
    streams = stream_names(result.windows)
    ratios = [_FUSED] + [_STREAM] * len(streams)
    figure = Figure(figsize=(_WIDTH, 1.0 + sum(ratios)), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    times = np.array([window.center for window in result.windows])
    for axes in panels:
        _prepare(axes, result)
    _line(panels[0], times, np.array([window.probability for window in result.windows]), "black")
    _thresholds(panels[0], events)
    panels[0].set_ylabel("probability,\nfused")
    for index, (axes, name) in enumerate(zip(panels[1:], streams, strict=True)):
        values = np.array([window.streams.get(name, np.nan) for window in result.windows])
        _line(axes, times, values, color(index))
        axes.set_ylabel(f"{shorten(printable(name), 14)}\nalone", parse_math=False)
    length = axis_length(result.duration, result.windows)
    set_time_axis(panels[-1], length)
    _point_out(panels[0], result, length)
    panels[0].set_title(_title(result), fontsize="medium", loc="left", pad=22, parse_math=False)
    return figure


def set_time_axis(axes: Axes, duration: float) -> None:
    """Let the axis reach from 0 to ``duration`` (seconds), with ticks at round times."""
    length = axis_length(duration, ())
    step = time_step(length)
    axes.set_xlim(0, length)
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: tick_text(x, step, length)))
    axes.set_xlabel("time, h:mm:ss" if length >= 3600 else "time, m:ss")


def _prepare(axes: Axes, result: DetectionResult) -> None:
    """Shade the events; the edge, a pixel wide, keeps a second within hours in sight."""
    spans = [(event.start, event.end - event.start) for event in result.events]
    if spans:  # an empty collection upsets the layout
        axes.broken_barh(spans, (0, 1), facecolor=(_SHADE, 0.35), edgecolor=_SHADE, linewidth=1)
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1])
    axes.grid(alpha=0.3)


def _line(axes: Axes, times: NDArray[np.float64], values: NDArray[np.float64], shade: str) -> None:
    """Draw a curve; of windows that share a pixel the highest, over the reach of all.

    It has gaps where values are NaN.
    """
    if len(times) > 2 * _COLUMNS:
        firsts = np.linspace(0, len(times), _COLUMNS, endpoint=False).astype(int)
        low, high = np.fmin.reduceat(values, firsts), np.fmax.reduceat(values, firsts)
        lasts = np.append(firsts[1:], len(times)) - 1
        times, values = (times[firsts] + times[lasts]) / 2, high
        axes.fill_between(times, low, high, color=shade, alpha=0.25, linewidth=0)
    dots = "o" if len(times) <= _MARKED else ""
    axes.plot(times, values, color=shade, linewidth=1.2, marker=dots, markersize=3.5)


def _thresholds(axes: Axes, events: EventConfig) -> None:
    for name, value, style in (
        ("onset", events.onset, (0, (5, 3))),
        ("offset", events.offset, ":"),
    ):
        axes.axhline(value, color=_GRAY, linestyle=style, linewidth=1.2)
        # one label above its line and one below, so that close ones stay legible
        axes.annotate(
            f"{name} {value:.2g}",
            (1.0, value),
            xycoords=("axes fraction", "data"),
            xytext=(4, 0),
            textcoords="offset points",
            va="bottom" if name == "onset" else "top",
            fontsize="small",
            color=_GRAY,
            annotation_clip=False,
        )


def _point_out(axes: Axes, result: DetectionResult, length: float) -> None:
    """Point at every event from above, with its score where the one before leaves room."""
    middles = [(event.start + event.end) / 2 for event in result.events]
    if middles:
        axes.plot(middles, [1.06] * len(middles), "v", color=_SHADE, markersize=6, clip_on=False)
    free = -1.0
    for event, middle in zip(result.events, middles, strict=True):
        if middle < free:
            continue
        free = middle + _APART * length
        axes.annotate(
            f"{event.score:.2f}",
            (middle, 1.03),
            xytext=(0, 10),
            textcoords="offset points",
            ha="center",
            fontsize="small",
            annotation_clip=False,
        )


def _title(result: DetectionResult) -> str:
    count = len(result.events)
    found = "no event" if count == 0 else "1 event" if count == 1 else f"{count} events"
    said = [found, f"model {shorten(printable(result.model), 40)}", *result.quality_flags]
    return f"{shorten(printable(result.source), 80)}: {', '.join(said)}"
