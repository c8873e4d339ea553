"""Frames at even distances, and the stretches between gaps.

In: frames, or anything else, with seconds. Out: the nearest to each point of a grid; parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeVar

from slipdetect.errors import UsageError
from slipdetect.video.frame import GAP_SECONDS, Frame

Item = TypeVar("Item")

# Rounding must not decide a tie: 1.1 is not exactly between 1.0 and 1.2 as floats.
_SAME_SECONDS = 1e-9


def nearest_on_grid(
    items: Iterable[tuple[float, Item]], rate: float
) -> Iterator[tuple[float, Item]]:
    """Yield for every grid time the item nearest in time, ties to the earlier.

    The grid begins at the first item and, behind a gap of more than ``GAP_SECONDS``, anew at the
    item there: grid times are that item's and k / rate after it. Looks one item ahead and keeps
    two, so memory does not grow with the length of the input.

    Args:
        items: Pairs (seconds, item), times never smaller than the one before.
        rate: Grid points per second.

    Yields:
        (grid time, item), up to the last item's time.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"frames per second must be a positive number, not {rate!r}")
    step, begin = 0, 0.0
    earlier: tuple[float, Item] | None = None
    for later in items:
        time = later[0]
        if earlier is None or time - earlier[0] > GAP_SECONDS:
            step, begin, earlier = 0, time, later
        while (grid := begin + step / rate) <= time:
            closer = time - grid < grid - earlier[0] - _SAME_SECONDS
            yield grid, (later if closer else earlier)[1]
            step += 1
        # Of several items at one time the first stays: it is the earlier one.
        if time > earlier[0]:
            earlier = later


def frames_on_grid(frames: Iterable[Frame], rate: float) -> Iterator[Frame]:
    """Yield at every grid time the nearest of ``frames``, as ``nearest_on_grid`` does.

    Args:
        frames: All frames of a recording, as ``Video.frames()`` gives them.
        rate: Grid points per second.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    for time, frame in nearest_on_grid(((frame.time, frame) for frame in frames), rate):
        yield Frame(time, frame.image, frame.corrupt)


def split_at_gaps(frames: Iterable[Frame]) -> Iterator[Iterator[Frame]]:
    """Yield the parts of a recording between which it has gaps, each to be taken to its end."""
    rest = iter(frames)
    ahead = next(rest, None)

    def part() -> Iterator[Frame]:
        nonlocal ahead
        last = ahead
        while ahead is not None and last is not None and ahead.time - last.time <= GAP_SECONDS:
            last = ahead
            yield last
            ahead = next(rest, None)

    while ahead is not None:
        yield part()
