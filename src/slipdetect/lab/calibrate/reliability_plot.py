"""Reliability diagrams: observed against predicted, over a histogram of what was predicted.

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

from slipdetect._text import printable
from slipdetect.reports.colors import color

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slipdetect.lab.calibrate.reliability import Reliability

_WIDTH, _HEIGHT = 4.8, 6.2  # inches of a panel


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
        _diagram(diagram, what, color(index))
        _histogram(histogram, what, color(index))
        diagram.set_title(f"{printable(name)}: {_figures(what)}", fontsize="small")
    balanced = " (labels weighed alike)" if next(iter(found.values())).balanced else ""
    grid[0][0].set_ylabel(f"share that shows a fall{balanced}")
    grid[1][0].set_ylabel("windows")
    if title:
        figure.suptitle(printable(title), fontsize="medium")
    return figure


def _diagram(axes: Axes, what: Reliability, shade: str) -> None:
    axes.plot([0, 1], [0, 1], color="0.45", linestyle=(0, (4, 3)), linewidth=1, zorder=0)
    predicted = [item.predicted for item in what.bins]
    observed = [item.observed for item in what.bins]
    for item in what.bins:
        # the gap between promise and fact, whose mean is the calibration error
        gap = axes.plot(
            [item.predicted] * 2, [item.predicted, item.observed], color=shade, alpha=0.35
        )
        gap[0].set(linewidth=5, solid_capstyle="butt")
    axes.plot(predicted, observed, color=shade, marker="o", markersize=5, linewidth=1.4)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(alpha=0.3)


def _histogram(axes: Axes, what: Reliability, shade: str) -> None:
    width = 1 / len(what.histogram)
    left = [index * width for index in range(len(what.histogram))]
    axes.bar(left, what.histogram, width, align="edge", color=shade, alpha=0.6, edgecolor="white")
    axes.set_xlabel("probability predicted")
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.grid(axis="y", alpha=0.3)


def _figures(what: Reliability) -> str:
    loss = f"{what.log_loss:.3f}" if math.isfinite(what.log_loss) else "-"
    return (
        f"error {what.error:.3f}, {len(what.bins)} bins of equal {what.binning}\n"
        f"log loss {loss}, Brier {what.brier:.3f}, {what.count} windows, {what.positives} of falls"
    )
