"""Events that end where their windows are so much less sure than at the peak."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from slipdetect.types import EventConfig, Window, find_events

STEP = 0.2


def windows(odds: list[float]) -> list[Window]:
    made = [1 / (1 + math.exp(-each)) for each in odds]
    return [Window(i * STEP, i * STEP + 2.4, p) for i, p in enumerate(made)]


def by_hand(odds: list[float], config: EventConfig) -> list[tuple[float, float]]:
    """Return the ends of the one event of ``odds`` by going out from all windows near its peak."""
    wide = find_events(windows(odds), EventConfig(onset=config.onset, offset=config.offset))
    found = []
    for event in wide:
        centers = [window.center for window in windows(odds)]
        inside = [i for i, c in enumerate(centers) if event.start - 1e-9 <= c <= event.end + 1e-9]
        most = max(odds[i] for i in inside)
        near = [i for i in inside if odds[i] >= most - config.narrow - 1e-9]
        borders = [windows(odds)[0].start, *((a + b) / 2 for a, b in pairwise(centers))]
        borders.append(windows(odds)[-1].end)
        start, end = borders[near[0]], borders[near[-1] + 1]
        found.append((max(start, event.start), min(end, event.end)))
    return found


@pytest.mark.parametrize("narrow", [0.1, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("seed", range(8))
def test_an_event_is_what_is_near_its_peak(seed: int, narrow: float) -> None:
    draw = random.Random(seed)
    odds = [-3.0, -3.0]
    for _ in range(40):
        odds.append(max(-3.0, min(3.0, odds[-1] + draw.uniform(-1.2, 1.2))))
    config = EventConfig(onset=0.7, offset=0.4, narrow=narrow)
    found = find_events(windows(odds), config)
    assert [(e.start, e.end) for e in found] == [
        (pytest.approx(a), pytest.approx(b)) for a, b in by_hand(odds, config)
    ]
    wide = find_events(windows(odds), EventConfig(onset=0.7, offset=0.4))
    assert [(e.peak, e.score) for e in found] == [(e.peak, e.score) for e in wide]


def test_two_peaks_of_one_event_stay_one_event() -> None:
    odds = [-3.0, 0.0, 2.0, 0.5, 1.9, 0.0, -3.0]
    (event,) = find_events(windows(odds), EventConfig(onset=0.7, offset=0.4, narrow=0.2))
    assert (event.start, event.end) == (pytest.approx(1.5), pytest.approx(2.1))


def test_an_event_of_certain_windows_is_finite() -> None:
    sure = [Window(i * STEP, i * STEP + 2.4, 1.0) for i in range(5)]
    (event,) = find_events(sure, EventConfig(narrow=0.5))
    assert (event.start, event.end) == (0.0, pytest.approx(3.2))


def test_what_is_shorter_than_it_may_be_once_it_is_narrowed_is_dropped() -> None:
    odds = [-3.0, 1.0, 1.0, 4.0, 1.0, 1.0, -3.0]
    config = EventConfig(onset=0.7, offset=0.4, narrow=0.5, min_duration_on=0.2)
    (event,) = find_events(windows(odds), config)
    assert event.end - event.start == pytest.approx(0.2)
    assert find_events(windows(odds), replace(config, min_duration_on=0.3)) == ()
    assert find_events(windows(odds), replace(config, min_duration_on=0.3, narrow=0.0))
