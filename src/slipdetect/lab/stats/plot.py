"""Plots without a screen; metrics as dots with their intervals, a row each.

In: ``Metric``s and where they stand. Out: figures, marks on axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from slipdetect.lab.stats.metrics import Metric


def new_figure(width: float, height: float, dpi: int = 130) -> Figure:
    """Return an empty figure of so many inches, which keeps its parts apart."""
    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_png(figure: Figure, target: Path) -> None:
    """Write a figure; a ``$`` in a name begins no formula.

    Raises:
        OSError: ``target`` cannot be written.
    """
    for text in figure.findobj(Text):
        text.set(parse_math=False)
    figure.savefig(target, dpi="figure", format="png")


def row_places(names: Sequence[str], gap: float) -> list[float]:
    """Return where rows stand, in lines from the first; ``gap`` lines part those of other names."""
    found = [0.0]
    for before, name in pairwise(names):
        found.append(found[-1] + (1 if before == name else 1 + gap))
    return found


def draw_metrics(
    axes: Axes,
    metrics: Sequence[Metric],
    places: Sequence[float],
    styles: Sequence[Mapping[str, Any]],
) -> None:
    """Draw a dot with a bar for its interval in every row, a dash where there is no value."""
    for metric, y, style in zip(metrics, places, styles, strict=True):
        if metric.value is None:
            axes.text(0.02, y, "-", transform=axes.get_yaxis_transform(), va="center")
            continue
        if metric.interval is not None:
            ends = [metric.interval.low, metric.interval.high]
            bar = axes.plot(ends, [y, y], color=style["color"], linewidth=1.7, alpha=0.65)
            bar[0].set_solid_capstyle("butt")
        axes.plot(metric.value, y, linestyle="none", clip_on=False, zorder=3, **style)
    axes.grid(axis="x", alpha=0.3)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labeltop=True, top=True)
    for side in ("left", "right"):
        axes.spines[side].set_visible(False)


def draw_baseline(axes: Axes, value: float) -> None:
    """Draw a dashed line that all rows are read against."""
    axes.axvline(value, color="0.45", linestyle=(0, (4, 3)), linewidth=1, zorder=0)
