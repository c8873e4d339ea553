"""Thresholds by a budget of false events, on windows whose answer is read off by eye.

In: made-up window probabilities. Out: onsets, counts, bounds.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.calibrate.threshold_selection import (
    hours_to_show,
    measured_at,
    presets,
    rate_bound,
    threshold_for_budget,
)
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig, Thresholds

# gaps are never joined, so that every peak is an event
PLAIN = EventConfig(onset=0.5, offset=0.3, min_duration_off=0.0)
HOUR = 3600.0


def footage(
    probabilities: list[float], seconds: float = HOUR, positive: bool = False
) -> ClipPrediction:
    """Return a clip with a window a second."""
    windows = tuple((float(i), i + 1.0, p) for i, p in enumerate(probabilities))
    return ClipPrediction("a.mp4", "own", positive, (), seconds, 0.0, (), windows=windows)


# three separate moments an hour: 0.4, 0.6 and 0.8
PEAKS = [0.1, 0.4, 0.1, 0.6, 0.1, 0.8, 0.1]


@pytest.mark.parametrize(
    ("per_hour", "onset", "events"),
    [(0, 0.8001, 0), (1, 0.6001, 1), (1.9, 0.6001, 1), (2, 0.4001, 2), (0.5, 0.8001, 0)],
)
def test_the_onset_is_just_above_the_moment_that_would_be_too_many(
    per_hour: float, onset: float, events: int
) -> None:
    point = threshold_for_budget([footage(PEAKS)], per_hour, PLAIN)
    assert point is not None
    assert point.config.onset == pytest.approx(onset)
    assert point.events == events
    assert point.hours == 1.0
    assert point.config.offset == 0.3


def test_the_budget_is_of_all_footage_together() -> None:
    """Two hours with a moment each of 0.8: one an hour allows both, 0.9 an hour only one less."""
    two = [footage(PEAKS), footage([0.1, 0.8, 0.1])]
    assert threshold_for_budget(two, 1, PLAIN).config.onset == pytest.approx(0.6001)
    assert threshold_for_budget(two, 0.9, PLAIN).config.onset == pytest.approx(0.8001)


def test_falls_do_not_count_as_false() -> None:
    falls = footage([0.99, 0.1, 0.99], positive=True)
    alone = threshold_for_budget([footage(PEAKS)], 1, PLAIN)
    assert threshold_for_budget([falls, footage(PEAKS)], 1, PLAIN) == alone
    with pytest.raises(DataError, match="no footage without a fall"):
        threshold_for_budget([falls], 1, PLAIN)


def test_quiet_footage_gives_the_lowest_onset_that_may_be_tried() -> None:
    quiet = [footage([0.01, 0.02])]
    assert threshold_for_budget(quiet, 0, PLAIN).config == replace(PLAIN, onset=0.3)
    kept = threshold_for_budget(quiet, 0, PLAIN, lowest=0.5)
    assert (kept.config.onset, kept.config.offset) == (0.5, 0.3)


def test_no_onset_makes_an_hour_one_long_event() -> None:
    """Below the least window all is a single event, which a budget of one would allow."""
    assert measured_at([footage(PEAKS)], EventConfig(0.05, 0.05)).events == 1
    assert threshold_for_budget([footage(PEAKS)], 1, PLAIN).config.onset > 0.6
    assert threshold_for_budget([footage(PEAKS)], 9, PLAIN).config.onset == PLAIN.offset


def test_certain_false_events_leave_no_threshold() -> None:
    certain = [footage([1.0, 0.1, 1.0])]
    assert threshold_for_budget(certain, 1, PLAIN) is None
    assert threshold_for_budget(certain, 2, PLAIN) is not None


def test_joined_events_further_down_do_not_count() -> None:
    """At 0.6 there are two events; from 0.55 on they are one, which is no reason to go there."""
    joining = EventConfig(onset=0.5, offset=0.3, min_duration_off=1.0)
    # an onset of 0.5 lets the second event begin two seconds earlier, next to the first
    peaks = [footage([0.1, 0.7, 0.1, 0.5, 0.5, 0.6, 0.1])]
    counts = [measured_at(peaks, replace(joining, onset=t)).events for t in (0.65, 0.55, 0.5)]
    assert counts == [1, 2, 1]
    assert threshold_for_budget(peaks, 1, joining).config.onset == pytest.approx(0.6001)


def plain_count(probabilities: list[float], onset: float, offset: float) -> int:
    """Count the events of windows by hysteresis, without joining and least durations."""
    active, events = False, 0
    for p in probabilities:
        if not active and p >= onset:
            active, events = True, events + 1
        elif active and p < offset:
            active = False
    return events


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 99).map(lambda k: k / 100), min_size=1, max_size=25),
    st.integers(0, 4),
)
def test_every_higher_threshold_keeps_the_budget_and_the_next_lower_does_not(
    probabilities: list[float], allowed: int
) -> None:
    point = threshold_for_budget([footage(probabilities)], allowed, PLAIN)
    assert point is not None
    grid = [k / 1000 for k in range(1000, -1, -1)]
    for onset in [t for t in grid if t >= point.config.onset]:
        assert plain_count(probabilities, onset, 0.3) <= allowed
    if point.config.onset > 0.3:
        # the probabilities have two digits, the onset is one of them and a step
        assert plain_count(probabilities, round(point.config.onset - 1e-4, 4), 0.3) > allowed


@settings(max_examples=25)
@given(
    st.lists(st.floats(0, 0.999).map(lambda p: round(p, 5)), min_size=1, max_size=25),
    st.lists(st.floats(0, 10), min_size=2, max_size=2),
    st.floats(0, 3),
)
def test_a_larger_budget_never_has_a_higher_threshold(
    probabilities: list[float], budgets: list[float], gap: float
) -> None:
    config = EventConfig(0.5, 0.3, min_duration_on=1.0, min_duration_off=gap)
    small, large = (
        threshold_for_budget([footage(probabilities)], b, config) for b in sorted(budgets)
    )
    assert small is not None
    assert large is not None
    assert large.config.onset <= small.config.onset
    assert small.events <= sorted(budgets)[0] + 1e-9


def test_presets_are_on_their_own_side_of_balanced() -> None:
    """Balanced allows 4 of 5 moments: low then the surest one, high all."""
    peaks = [0.1, 0.4, 0.1, 0.5, 0.1, 0.6, 0.1, 0.8, 0.1, 0.9, 0.1]
    balanced = threshold_for_budget([footage(peaks)], 4, PLAIN)
    assert balanced.config.onset == pytest.approx(0.4001)
    found = presets([footage(peaks)], 4, balanced.config)
    assert found["low"].to_json() == {"onset": pytest.approx(0.8001), "offset": 0.3}
    assert found["high"] == Thresholds(0.3, 0.3)


def test_presets_that_the_footage_cannot_tell_apart_are_left_out() -> None:
    peaks = [0.1, 0.8, 0.1]
    balanced = threshold_for_budget([footage(peaks)], 0.1, PLAIN)
    assert presets([footage(peaks)], 0.1, balanced.config) == {}
    # an hour shows 3 an hour at best: too short for a sensitivity of 4 x 0.7, long enough for 0.8
    quiet = [footage([0.1, 0.35, 0.1])]
    assert presets(quiet, 0.7, PLAIN) == {}
    assert presets(quiet, 0.8, PLAIN) == {"high": Thresholds(0.3, 0.3)}


def test_no_event_shows_three_an_hour() -> None:
    """exp(-3) is about 5%: at 3 an hour, an hour without one is that unlikely."""
    assert rate_bound(0, 1.0) == pytest.approx(-math.log(0.05))
    assert rate_bound(0, 24.0) == pytest.approx(-math.log(0.05) / 24)
    assert hours_to_show(1 / 24) == pytest.approx(-math.log(0.05) * 24)
    assert hours_to_show(0.0) == math.inf


@pytest.mark.parametrize("events", [1, 2, 7])
def test_at_the_bound_so_few_events_happen_one_time_in_twenty(events: int) -> None:
    rate = rate_bound(events, 2.0) * 2
    chance = sum(math.exp(-rate) * rate**k / math.factorial(k) for k in range(events + 1))
    assert chance == pytest.approx(0.05)


@pytest.mark.parametrize("allowed", [0, 2])
def test_the_bound_holds_for_an_onset_chosen_on_the_same_footage(allowed: int) -> None:
    """Moments of scores spread evenly to 0.8: above an onset t there are 25 (0.8 - t) an hour."""
    rng = np.random.default_rng(allowed)
    right = 0
    for _ in range(400):
        peaks = (0.8 * rng.random(rng.poisson(20))).round(5).tolist()
        quiet = [footage([0.1, *(p for peak in peaks for p in (peak, 0.0))])]
        point = threshold_for_budget(quiet, allowed, PLAIN)
        right += 25 * (0.8 - point.config.onset) <= point.at_most
    # 95% of 400 are 380, give or take three deviations of 4.4
    assert 366 <= right <= 394


def test_a_budget_is_a_number() -> None:
    for budget in (-1.0, math.nan, math.inf):
        with pytest.raises(UsageError, match="budget"):
            threshold_for_budget([footage(PEAKS)], budget, PLAIN)
