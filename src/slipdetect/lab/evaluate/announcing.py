"""When an event could be announced by one who watches live.

In: a ``ClipPrediction`` with its windows. Out: seconds, for each of its events.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig

_SLACK = 2e-3  # seconds; kept times are rounded to the millisecond


def announced(item: ClipPrediction, config: EventConfig) -> list[float]:
    """Return for every found event the time at which it was certain.

    That is the end of the first window that reaches the onset threshold. Where events of less than
    ``min_duration_on`` are dropped it is the end of the first window from there on whose time lies
    so far behind the event's beginning, at the latest that of the clip's last window.

    Args:
        item: With its windows.
        config: What made its events of them.
    """
    windows = list(zip(item.windows, _borders(item), strict=True))
    times = []
    for start, *_ in item.events:
        # padding may reach into the time of an earlier event, never behind the own beginning
        begin = next(
            (
                border
                for (_, _, probability), border in windows
                if probability >= config.onset and border >= start - _SLACK
            ),
            start,
        )
        certain = begin + config.min_duration_on - _SLACK
        times.append(
            next(
                (window[1] for window, border in windows if border >= certain),
                item.windows[-1][1],
            )
        )
    return times


def _borders(item: ClipPrediction) -> Iterator[float]:
    """Yield where the time begins that each window decides on, as ``EventFinder`` has it."""
    yield item.windows[0][0]
    for before, after in pairwise(item.windows):
        yield (before[0] + before[1] + after[0] + after[1]) / 4
