"""The seed report's time label: probabilities by the start of each window, and step plots.

In: a ``DetectionResult``. Out: JSON as its programs wrote it; three PNGs.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from slipdetect._text import printable, shorten
from slipdetect.reports.colors import color
from slipdetect.reports.timeline_plot import set_time_axis

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

_TITLES = {"fused": "RGB and flow", "rgb": "RGB alone", "opf": "flow alone"}
_STREAMS = {"rgb": "rgb", "opf": "flow"}


def time_label(result: DetectionResult) -> str:
    """Return ``{"0.0": 0.0096, "0.333": 0.4956}``: seconds of a window's start, P(slip)."""
    return json.dumps(
        {str(round(window.start, 3)): window.probability for window in result.windows},
        allow_nan=False,
    )


def draw_time_label(result: DetectionResult, target: Path, which: str) -> None:
    """Write a step plot as a PNG: a window's probability holds from its start to the next one's.

    Args:
        result: By one of the seed report's schedules.
        target: The PNG.
        which: ``"fused"``, ``"rgb"`` or ``"opf"`` (flow).
    """
    values = [
        window.probability if which == "fused" else window.streams[_STREAMS[which]]
        for window in result.windows
    ]
    starts = [window.start for window in result.windows]
    end = result.windows[-1].end if result.windows else result.duration
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.step(
        np.array([*starts, end]),
        np.array([*values, *values[-1:]]),
        where="post",
        color=color(list(_TITLES).index(which)),
    )
    axes.set_ylim(-0.03, 1.03)
    axes.grid(alpha=0.3)
    set_time_axis(axes, max(end, result.duration))
    axes.set_ylabel("probability of a slip")
    title = f"{shorten(printable(result.source), 60)}: {_TITLES[which]}"
    axes.set_title(title, fontsize="medium", loc="left", parse_math=False)
    figure.savefig(target, dpi=110, format="png")
