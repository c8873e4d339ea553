"""A stress test as a picture: a dot with its interval for every condition and strength.

In: a ``StressResult``. Out: a PNG with a panel for recall and one for false events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FuncFormatter

from slipdetect._text import printable, shorten
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.plot import draw_baseline, draw_metrics, new_figure, row_places
from slipdetect.lab.stress.result import StressResult
from slipdetect.reports.colors import COLORS, color, marker

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 120
_WIDTH = 10.0  # inches, 1200 pixels
_LINE = 0.26  # inches
_GAP = 0.7  # lines between conditions
_UNDISTURBED = "black"
_LONGEST_NAME = 60


def stress_figure(result: StressResult) -> Figure:
    """Return the plot, 1200 pixels wide: rows in the order of the table."""
    rows = result.rows
    conditions = [row.case.condition.name for row in rows]
    places = row_places(conditions, _GAP)
    bottom = places[-1] + 0.8
    figure = new_figure(_WIDTH, 1.3 + _LINE * (bottom + 1), _DPI)
    left, right = figure.subplots(1, 2, sharey=True)
    names = list(dict.fromkeys(conditions))
    styles = [_style(names.index(name)) for name in conditions]
    for axes, metrics in (
        (left, [row.recall for row in rows]),
        (right, [row.per_clip for row in rows]),
    ):
        draw_metrics(axes, metrics, places, styles)
        if metrics[0].value is not None:
            draw_baseline(axes, metrics[0].value)
    left.set_xlim(-0.02, 1.02)
    left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f}%"))
    left.set_title("falls found", fontsize="medium")
    right.set_xlim(0, _reach([row.per_clip for row in rows]))
    right.set_title("false events a clip without a fall", fontsize="medium")
    left.set_yticks(places, [row.case.label for row in rows], fontsize="medium")
    left.set_ylim(bottom, -0.8)
    figure.suptitle(_title(result), fontsize="medium")
    return figure


def _title(result: StressResult) -> str:
    first = result.rows[0]
    named = f"{shorten(printable(result.seen), _LONGEST_NAME)}: " if result.seen else ""
    counts = f"{first.recall.base:g} falls, {first.clips - first.positives} clips without"
    return f"{named}{counts}; bars are 95% intervals, dashed: undisturbed"


def _style(index: int) -> dict[str, Any]:
    """Return the dot of a condition; the first is none and stands out."""
    # black belongs to the undisturbed row
    colors = len(COLORS) - 1
    if index == 0:
        return {"color": _UNDISTURBED, "marker": "D", "markersize": 6}
    shape = marker((index - 1) // colors * len(COLORS))
    return {"color": color((index - 1) % colors), "marker": shape, "markersize": 6}


def _reach(metrics: Sequence[Metric]) -> float:
    """Return where the axis of a rate ends; bars of few groups would press all else together."""
    values = [metric.value for metric in metrics if metric.value is not None]
    ends = [metric.interval.high for metric in metrics if metric.interval is not None]
    highest = max(values, default=0.0)
    return 1.08 * max(highest, min(max(ends, default=0.0), max(2 * highest, 0.5)), 0.1)
