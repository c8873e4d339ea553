"""What was taken for what, as a picture: a square for each pair of labels.

In: a ``ClipReport``. Out: a PNG.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from slipdetect._text import printable, shorten

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.clip_report import ClipReport

_LONGEST_LABEL = 20
_SIDE = 1.5  # inches of a square


def draw_confusion(report: ClipReport, target: Path, title: str = "") -> None:
    """Write the plot: a row a true label, darker where more of its clips are.

    Args:
        report: What to draw.
        target: The PNG.
        title: Above it.

    Raises:
        OSError: ``target`` cannot be written.
    """
    confusion_figure(report, title).savefig(target, dpi=130, format="png")


def confusion_figure(report: ClipReport, title: str = "") -> Figure:
    """Return the plot; shares are of the true label, so that rows add up to 100%."""
    counts = np.array(report.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    names = [shorten(printable(label), _LONGEST_LABEL) for label in report.labels]
    side = 2.2 + _SIDE * len(names)
    figure = Figure(figsize=(side, side - 0.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(
            column,
            row,
            f"{count}\n{100 * shares[row, column]:.1f}%" if totals[row, 0] else "0",
            ha="center",
            va="center",
            fontsize="large",
            color="white" if shares[row, column] > 0.72 else "black",
        )
    axes.set_xticks(range(len(names)), [f"{name}" for name in names])
    axes.set_yticks(
        range(len(names)),
        [f"{name}\n{total} clips" for name, total in zip(names, totals[:, 0], strict=True)],
    )
    axes.set_xlabel("said")
    axes.set_ylabel("true")
    for edge in range(len(names) - 1):
        axes.axhline(edge + 0.5, color="white", linewidth=2)
        axes.axvline(edge + 0.5, color="white", linewidth=2)
    axes.tick_params(length=0)
    axes.set_title(title, fontsize="medium")
    return figure
