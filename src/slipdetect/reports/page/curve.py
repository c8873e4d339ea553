"""A probability over time as the path of an SVG, no finer than a screen shows.

In: times, values and the length of the video. Out: path data in a box of 1000 x 100.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

WIDTH, HEIGHT = 1000, 100
_COLUMNS = 600  # more windows than two a column would fall on the same pixels


def curve_path(times: Sequence[float], values: Sequence[float], length: float) -> str:
    """Return the line through ``values`` (0 to 1) at ``times`` of a video of ``length`` seconds.

    Where a column of the picture holds many windows the line passes through their first, lowest,
    highest and last, in the order of time, so that no peak is lost.
    """
    kept = _kept(np.asarray(values, np.float64))
    points = [
        f"{times[i] / max(length, 1e-9) * WIDTH:.1f} {(1 - values[i]) * HEIGHT:.1f}" for i in kept
    ]
    return "M" + "L".join(points) if points else ""


def _kept(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[int]:
    """Return the indices of the values that are drawn."""
    count = len(values)
    if count <= 2 * _COLUMNS:
        return list(range(count))
    edges = np.linspace(0, count, _COLUMNS + 1).astype(int).tolist()
    kept: list[int] = []
    for first, last in pairwise(edges):
        part = values[first:last]
        picks = {first, first + int(part.argmin()), first + int(part.argmax()), last - 1}
        kept += sorted(picks)
    return kept
