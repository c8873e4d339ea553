"""A sheet to draw pictures on by the pixel.

In: its size; pictures. Out: a figure and its only axes; pictures that fit a place on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt
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


def fitted(image: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return ``(H, W, 3)`` as large as ``width`` and ``height`` allow, its shape kept, on gray."""
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    canvas = np.full((height, width, 3), 235, np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    canvas[top : top + inner[1], left : left + inner[0]] = small
    return canvas
