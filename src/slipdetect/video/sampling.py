"""Picking the frames nearest to a regular grid of times while they stream by.

In: (time, item) pairs or frames in order of time. Out: (k / rate, nearest item), k = 0, 1, 2, ...
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

from slipdetect.errors import UsageError
from slipdetect.video.frame import Frame

Item = TypeVar("Item")

# Rounding must not decide a tie: 1.1 is not exactly between 1.0 and 1.2 as floats.
_SAME_SECONDS = 1e-9


def nearest_on_grid(
    items: Iterable[tuple[float, Item]], rate: float
) -> Iterator[tuple[float, Item]]:
    """Yield for every grid time ``k / rate`` the item nearest in time, ties to the earlier.

    Looks one item ahead and keeps two, so memory does not grow with the length of the input.

    Args:
        items: Pairs (seconds, item), the first at 0, times never smaller than the one before.
        rate: Grid points per second.

    Yields:
        (k / rate, item), until ``k / rate`` is beyond the last item's time.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"frames per second must be a positive number, not {rate!r}")
    step = 0
    earlier: tuple[float, Item] | None = None
    for later in items:
        time = later[0]
        if earlier is None:
            earlier = later
        while (grid := step / rate) <= time:
            closer = time - grid < grid - earlier[0] - _SAME_SECONDS
            yield grid, (later if closer else earlier)[1]
            step += 1
        # Of several items at one time the first stays: it is the earlier one.
        if time > earlier[0]:
            earlier = later


def frames_on_grid(frames: Iterable[Frame], rate: float) -> Iterator[Frame]:
    """Yield at every grid time ``k / rate`` the nearest of ``frames``, ties to the earlier.

    Args:
        frames: All frames of a recording, as ``Video.frames()`` gives them.
        rate: Grid points per second.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    for time, frame in nearest_on_grid(((frame.time, frame) for frame in frames), rate):
        yield Frame(time, frame.image, frame.corrupt)
