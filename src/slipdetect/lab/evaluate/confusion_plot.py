"""What was taken for what, as a picture: a square for each pair of labels.

In: a ``ClipReport``. Out: a PNG.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from slipdetect._text import printable, shorten
from slipdetect.lab import require
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
    display = require("sklearn.metrics").ConfusionMatrixDisplay(shares, display_labels=names)
    limits = {"vmin": 0, "vmax": 1}
    display.plot(ax=axes, cmap="Blues", colorbar=False, im_kw=limits)
    for place, text in np.ndenumerate(display.text_):
        share = f"\n{100 * shares[place]:.1f}%" if totals[place[0], 0] else ""
        text.set(text=f"{counts[place]}{share}", fontsize="large")
    rows = zip(names, totals[:, 0], strict=True)
    axes.set_yticklabels([f"{name}\n{total} clips" for name, total in rows])
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(title, fontsize="medium")
    return figure
