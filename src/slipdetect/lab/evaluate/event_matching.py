"""Which found event is which true one, and how late it was found.

In: intervals in seconds, predictions. Out: pairs of indices; true events found; delays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from slipdetect.lab.evaluate.predictions import ClipPrediction, Interval
from slipdetect.types import EventConfig, Window, find_events

Found = tuple[float, float, float]  # start and end in seconds, score

_SLACK = 2e-3  # seconds; kept times are rounded to the millisecond
TOLERANCE = 0.5  # seconds by which a found event may miss a true one


def overlap(one: Interval, other: Interval) -> float:
    """Return the temporal intersection over union (tIoU) of two intervals, 0 to 1."""
    common = min(one[1], other[1]) - max(one[0], other[0])
    if common <= 0:
        return 0.0
    return common / (max(one[1], other[1]) - min(one[0], other[0]))


def match(
    found: Sequence[Found], truth: Sequence[Interval], threshold: float
) -> list[tuple[int, int]]:
    """Return pairs (found, true) of one clip, each event in one pair at most.

    The found event with the highest score chooses first, the true event that it overlaps most among
    those that are left, as in ActivityNet's evaluation (Heilbron et al., CVPR 2015). THUMOS 2014
    lets the true events choose, in the order they are listed and whatever the scores; the two
    differ only where events crowd.
    """
    free = list(range(len(truth)))
    pairs = []
    for index in sorted(range(len(found)), key=lambda i: -found[i][2]):
        if not free:
            break
        best = max(free, key=lambda j: overlap(found[index][:2], truth[j]))
        if overlap(found[index][:2], truth[best]) >= threshold:
            pairs.append((index, best))
            free.remove(best)
    return pairs


def hits(prediction: ClipPrediction) -> list[bool]:
    """Return for every true event of a positive clip whether it was found.

    A fall at an unknown time is found by any event in its clip.
    """
    if not prediction.truth:
        return [bool(prediction.events)]
    return [bool(_touching(prediction.events, event)) for event in prediction.truth]


def onset_errors(prediction: ClipPrediction) -> list[float]:
    """Return found minus true onset (seconds) of every true event found, by its first match."""
    matches = [(event, _touching(prediction.events, event)) for event in prediction.truth]
    return [found[0][0] - event[0] for event, found in matches if found]


def touches(item: Found, event: Interval) -> bool:
    """Return whether a found event overlaps a true one, give or take half a second."""
    return item[0] <= event[1] + TOLERANCE and item[1] >= event[0] - TOLERANCE


def _touching(found: Sequence[Found], event: Interval) -> list[Found]:
    return [item for item in found if touches(item, event)]


def strays(found: Sequence[Found], truth: Sequence[Interval]) -> list[Found]:
    """Return the found events that touch no true one."""
    return [item for item in found if not any(touches(item, event) for event in truth)]


def seconds_outside(truth: Sequence[Interval], seconds: float) -> float:
    """Return how much of a clip of ``seconds`` lies further than half a second from true events."""
    outside, reached = 0.0, 0.0
    for start, end in sorted(truth):
        outside += max(min(start - TOLERANCE, seconds) - reached, 0.0)
        reached = max(reached, end + TOLERANCE)
    return outside + max(seconds - reached, 0.0)


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

    That is the end of the first window that reaches the onset threshold, also where the event is
    told narrower than that. Where events of less than ``min_duration_on`` are dropped it is the end
    of the first window from there on whose time lies so far behind the event's beginning, where it
    is known who stays down that of the first one centered ``confirm_down`` behind the peak; at the
    latest the end of the clip's last window.
    """
    windows = list(zip(item.windows, _borders(item), strict=True))
    grown = find_events((Window(*window) for window in item.windows), _unshaped(config))
    times = []
    for start, end, _ in item.events:
        # events that are neither narrowed nor padded have none of their time in common with another
        own = max(grown, key=lambda each: min(each.end, end) - max(each.start, start), default=None)
        certain = (start if own is None else own.start) + config.min_duration_on - _SLACK
        told = -math.inf
        if config.confirm_down and own is not None:
            told = own.peak + config.confirm_down - _SLACK
        times.append(
            next(
                (w[1] for w, border in windows if border >= certain and (w[0] + w[1]) / 2 >= told),
                item.windows[-1][1],
            )
        )
    return times


def _unshaped(config: EventConfig) -> EventConfig:
    """Return what finds the same events, from the first to the last window of each."""
    joined = max(config.min_duration_off, config.pad_onset + config.pad_offset)
    return EventConfig(config.onset, config.offset, config.min_duration_on, joined)


def _borders(item: ClipPrediction) -> Iterator[float]:
    """Yield where the time begins that each window decides on, as ``EventFinder`` has it."""
    yield item.windows[0][0]
    for before, after in pairwise(item.windows):
        yield (before[0] + before[1] + after[0] + after[1]) / 4
