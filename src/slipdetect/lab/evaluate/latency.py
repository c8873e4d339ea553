"""How long after a fall begins a detector that runs live decides that there is one.

In: a ``ClipPrediction`` with its windows. Out: seconds, for each event.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from slipdetect.lab.evaluate.event_matching import touches
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig

_SLACK = 2e-3  # seconds; kept times are rounded to the millisecond


def delays(item: ClipPrediction) -> list[float]:
    """Return the seconds from each true onset until the event that finds it is decided on.

    Of every true event found, by the first of its matches to be decided on. Empty for predictions
    that were kept without their windows or thresholds.
    """
    if not item.windows or item.config is None:
        return []
    known = list(zip(item.events, decision_times(item, item.config), strict=True))
    matches = [
        (event, [time for found, time in known if touches(found, event)]) for event in item.truth
    ]
    return [min(times) - event[0] for event, times in matches if times]


def decision_times(item: ClipPrediction, config: EventConfig) -> list[float]:
    """Return for every found event the time at which it is decided on.

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
