"""Learning curves as a picture: loss and accuracy over epochs, several runs in one.

In: ``Curve``s. Out: a picture file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Literal

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from slipdetect._text import printable, shorten
from slipdetect.reports.colors import color, marker

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = (("loss", "Loss"), ("accuracy", "Accuracy"))
_STYLES: dict[str, Literal["--", "-"]] = {"training": "--", "validation": "-"}
# a loss that once was so many times its median would press all else onto the axis
_FAR = 20
_LONGEST_NAME = 32
_MOST_MARKS = 15


@dataclass(frozen=True)
class Curve:
    """One figure of one run over its epochs.

    Attributes:
        run: Name of the run or stream; curves of one run share a color.
        part: ``"training"``, ``"validation"``, or ``""`` where a log does not say.
        metric: ``"loss"`` or ``"accuracy"`` (share, 0 to 1).
        points: (epoch, value), epochs counted from 1.
    """

    run: str
    part: str
    metric: str
    points: tuple[tuple[int, float], ...]


def draw_learning_curves(curves: Sequence[Curve], target: Path) -> None:
    """Write loss and accuracy over epochs, training dashed and validation solid.

    Args:
        curves: What to draw.
        target: A ``.png``, ``.svg`` or ``.pdf`` file.

    Raises:
        OSError: ``target`` cannot be written.
    """
    learning_figure(curves).savefig(target, dpi=120, format=target.suffix.lstrip(".").lower())


def learning_figure(curves: Sequence[Curve]) -> Figure:
    """Return the same as a figure of two panels.

    Values that are not finite are gaps. A loss that ran away gets a logarithmic axis.
    """
    runs = list(dict.fromkeys(curve.run for curve in curves))
    entries = _legend(runs, curves)
    longest = max((len(str(entry.get_label())) for entry in entries), default=0)
    columns = max(1, min(5, 110 // (longest + 8)))
    rows = math.ceil(len(entries) / columns)
    figure = Figure(figsize=(9, 3.8 + 0.2 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (metric, title) in zip(figure.subplots(1, 2), _PANELS, strict=True):
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        shown = [curve for curve in curves if curve.metric == metric]
        for curve in shown:
            _draw(axes, curve, runs.index(curve.run))
        _scale(axes, metric, shown)
        _widen(axes, shown)
    figure.legend(
        handles=entries,
        loc="outside lower center",
        ncols=columns,
        fontsize="small",
        frameon=False,
    )
    return figure


def _legend(runs: Sequence[str], curves: Sequence[Curve]) -> list[Line2D]:
    """Return a colored entry per run, and a gray one per line style."""
    entries = [
        Line2D([], [], color=color(i), marker=marker(i), markersize=3.5, label=_label(run))
        for i, run in enumerate(runs)
    ]
    parts = {curve.part for curve in curves}
    for part, style in _STYLES.items():
        if part in parts:
            entries.append(Line2D([], [], color="0.4", linestyle=style, label=part))
    return entries


def _draw(axes: Axes, curve: Curve, index: int) -> None:
    axes.plot(
        [epoch for epoch, _ in curve.points],
        [value if math.isfinite(value) else math.nan for _, value in curve.points],
        _STYLES.get(curve.part, ":"),
        color=color(index),
        marker=marker(index),
        markersize=3.5,
        markevery=math.ceil(len(curve.points) / _MOST_MARKS) or 1,
        linewidth=1.4,
    )


def _scale(axes: Axes, metric: str, curves: Sequence[Curve]) -> None:
    values = [v for curve in curves for _, v in curve.points if math.isfinite(v)]
    if not values:
        axes.text(0.5, 0.5, f"no {metric} in these logs", ha="center", transform=axes.transAxes)
        return
    if metric == "accuracy":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g}%"))
        axes.set_ylim(top=max(1.01, *values))
    elif min(values) > 0 and max(values) > _FAR * median(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_title("Loss (logarithmic)", fontsize="medium")
    else:
        axes.set_ylim(bottom=min(0, *values))


def _widen(axes: Axes, curves: Sequence[Curve]) -> None:
    epochs = {epoch for curve in curves for epoch, _ in curve.points}
    if len(epochs) == 1:
        # else the axis is cut into thousandths of an epoch
        axes.set_xlim(min(epochs) - 0.5, min(epochs) + 0.5)
        axes.set_xticks([min(epochs)])


def _label(run: str) -> str:
    return shorten(printable(run), _LONGEST_NAME)
