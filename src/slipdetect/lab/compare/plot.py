"""A comparison as a picture: a dot with its interval per row, rows grouped by backbone.

In: a ``Comparison``. Out: a PNG with a panel for accuracy and one for AUC.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from slipdetect._text import printable, shorten
from slipdetect.lab.compare.comparison import Comparison, Row
from slipdetect.lab.stats.plot import draw_baseline, draw_metrics, new_figure, row_places
from slipdetect.reports.colors import COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_GAP = 1.6  # lines between groups, room for the next one's name
_LINE = 0.21  # inches
_LONGEST_NAME = 40
# by color, shape and filling, so that prints without color do as well
_KINDS = {
    "one stream": (COLORS[0], "o"),
    "fused by fixed weights": (COLORS[1], "s"),
    "fused by weights fitted on validation": (COLORS[2], "D"),
}


def comparison_figure(comparison: Comparison) -> Figure:
    """Return the plot: rows from top to bottom in the order of the table."""
    places = row_places([row.group for row in comparison.rows], _GAP)
    bottom = max(places) + 1
    figure = new_figure(10, 1.9 + _LINE * bottom)
    left, right = figure.subplots(1, 2, sharey=True)
    _panel(left, "accuracy", comparison, places)
    _panel(right, "auc", comparison, places)
    _finish(left, "accuracy", comparison.majority, percent=True)
    _finish(right, "area under the ROC curve", 0.5, percent=False)
    _name_rows(left, comparison, places)
    left.set_ylim(bottom, -_GAP)
    figure.legend(
        handles=_legend(comparison),
        loc="outside lower center",
        ncols=3,
        fontsize="small",
        frameon=False,
    )
    return figure


def kind_of(row: Row) -> str:
    """Return which entry of the legend a row has."""
    if row.streams.endswith(" fitted"):
        return "fused by weights fitted on validation"
    return "fused by fixed weights" if "+" in row.streams else "one stream"


def _panel(axes: Axes, name: str, comparison: Comparison, places: Sequence[float]) -> None:
    styles = []
    for index, row in enumerate(comparison.rows):
        shade, shape = _KINDS[kind_of(row)]
        size, edge = 5.5, "white"
        if index == comparison.reference:
            shape, size, edge = "*", 12, "black"
        mark = {"marker": shape, "markersize": size, "markeredgecolor": edge}
        styles.append({"color": shade, "markeredgewidth": 0.6, **mark})
    draw_metrics(axes, [row.test.metrics[name] for row in comparison.rows], places, styles)


def _finish(axes: Axes, title: str, baseline: float, *, percent: bool) -> None:
    draw_baseline(axes, baseline)
    axes.set_title(title, fontsize="medium")
    low, high = axes.get_xlim()
    axes.set_xlim(max(0.0, min(low, baseline - 0.02)), max(1.005, min(high, 1.005)))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{100 * value:.0f}%" if percent else f"{value:.2g}")
    )
    axes.tick_params(axis="x", labelsize="small")


def _name_rows(axes: Axes, comparison: Comparison, places: Sequence[float]) -> None:
    names = [shorten(printable(row.streams), _LONGEST_NAME) for row in comparison.rows]
    axes.set_yticks(places, names, fontsize="small")
    axes.get_yticklabels()[comparison.reference].set_fontweight("bold")
    seen = None
    for row, y in zip(comparison.rows, places, strict=True):
        if row.group != seen:
            axes.annotate(
                shorten(printable(row.group), _LONGEST_NAME),
                xy=(0, y - 0.95),
                xycoords=("axes fraction", "data"),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontweight="bold",
                annotation_clip=False,
            )
        seen = row.group


def _legend(comparison: Comparison) -> list[Line2D]:
    there = {kind_of(row) for row in comparison.rows}
    entries = [
        Line2D([], [], color=color, marker=shape, label=f"{kind}, 95% interval")
        for kind, (color, shape) in _KINDS.items()
        if kind in there
    ]
    how = " (best on validation)" if comparison.chosen_by == "validation" else ""
    star = Line2D([], [], color="0.6", linestyle="none", label=f"reference{how}")
    star.set(marker="*", markersize=11, markeredgecolor="black")
    dashes = Line2D([], [], color="0.45", linestyle="--", linewidth=1)
    dashes.set_label(f"saying nothing: most frequent label {100 * comparison.majority:.1f}%, AUC ½")
    return [*entries, star, dashes]
