"""Reliability diagrams: what was said against what happened, over a histogram of what was said.

In: ``Reliability`` by name, such as before and after. Out: a PNG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from slipdetect.reports.colours import colour
from slipdetect.reports.names import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slipdetect.evaluation.reliability import Reliability, ReliabilityBin

_WIDTH, _HEIGHT = 4.4, 5.6  # inches of a panel


def draw_reliability(found: Mapping[str, Reliability], target: Path, title: str = "") -> None:
    """Write the plot.

    Args:
        found: What to draw, a panel each.
        target: The PNG.
        title: Above all.

    Raises:
        OSError: ``target`` cannot be written.
    """
    reliability_figure(found, title).savefig(target, dpi=130, format="png")


def reliability_figure(found: Mapping[str, Reliability], title: str = "") -> Figure:
    """Return the plot: a diagram with its histogram below for each name."""
    figure = Figure(figsize=(_WIDTH * len(found), _HEIGHT), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(
        2, len(found), sharex=True, sharey="row", squeeze=False, height_ratios=(3, 1)
    )
    for index, (name, what) in enumerate(found.items()):
        diagram, histogram = grid[0][index], grid[1][index]
        _diagram(diagram, what, colour(index))
        _histogram(histogram, what, colour(index))
        diagram.set_title(f"{printable(name)}: {_figures(what)}", fontsize="small")
    balanced = " (labels weighed alike)" if next(iter(found.values())).balanced else ""
    grid[0][0].set_ylabel(f"share that shows a fall{balanced}")
    grid[1][0].set_ylabel("windows")
    if title:
        figure.suptitle(printable(title), fontsize="medium")
    return figure


def _diagram(axes: Axes, what: Reliability, shade: str) -> None:
    axes.plot([0, 1], [0, 1], color="0.45", linestyle=(0, (4, 3)), linewidth=1, zorder=0)
    said = [item.said for item in what.bins]
    happened = [item.happened for item in what.bins]
    for item in what.bins:
        # the gap between promise and fact, whose mean is the calibration error
        axes.plot([item.said] * 2, [item.said, item.happened], color=shade, alpha=0.35, linewidth=5)
    axes.plot(said, happened, color=shade, marker="o", markersize=5, linewidth=1.4)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_aspect("equal")
    axes.grid(alpha=0.3)


def _histogram(axes: Axes, what: Reliability, shade: str) -> None:
    """Draw a bar per bin: as wide as what it holds, as high as its number of windows."""
    for item in what.bins:
        left, width = _bar(item)
        axes.bar(left, item.count, width, align="edge", color=shade, alpha=0.6, edgecolor="white")
    axes.set_xlabel("probability said")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", alpha=0.3)


def _bar(item: ReliabilityBin) -> tuple[float, float]:
    # a bin of one probability still has to be seen
    width = max(item.high - item.low, 0.008)
    return (item.low + item.high) / 2 - width / 2, width


def _figures(what: Reliability) -> str:
    loss = f"{what.log_loss:.3f}" if math.isfinite(what.log_loss) else "-"
    return (
        f"error {what.error:.3f} ({what.binning} bins)\n"
        f"log loss {loss}, Brier {what.brier:.3f}, {what.count} windows, {what.positives} of falls"
    )
