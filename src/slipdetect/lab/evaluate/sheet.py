"""An empty sheet to draw pictures on by the pixel.

In: its size. Out: a figure and its only axes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DPI = 100  # to save it with, so that a unit is a pixel


def blank_sheet(width: float, height: float) -> tuple[Figure, Axes]:
    """Return a sheet of ``width`` by ``height`` pixels, y downwards from the upper left corner."""
    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.autoscale(False)  # pictures would move the limits
    axes.set_xlim(0, width)
    axes.set_ylim(height, 0)
    axes.axis("off")
    return figure, axes
