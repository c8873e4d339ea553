"""Figures with intervals: sums and medians again in plain loops, exact intervals by their meaning.

In: numbers by clip. Out: nothing but assertions.
"""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.lab.stats.intervals import expanded_tail, poisson_exact, rate_interval
from slipdetect.lab.stats.metrics import (
    Auc,
    Measure,
    Metric,
    Quantile,
    Rate,
    Ratio,
    measure,
    quantile,
)
from slipdetect.lab.stats.ranking import ratio
from slipdetect.lab.stats.resampling import GroupResampler, effective_groups


def one(item: Measure, groups: list[str], positive: list[bool] | None = None) -> Metric:
    flags = np.array(positive if positive else [False] * len(groups))
    return measure({"x": item}, GroupResampler(groups, flags, 1000, 0))["x"]


def array(*values: float) -> np.ndarray:
    return np.array(values, np.float64)


def poisson_cdf(count: int, mean: float) -> float:
    return sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count + 1))


@pytest.mark.parametrize("count", [0, 1, 4, 17])
def test_the_ends_of_an_exact_rate_leave_one_fortieth(count: int) -> None:
    found = poisson_exact(count, 2.0)
    assert poisson_cdf(count, 2.0 * found.high) == pytest.approx(0.025)
    if count == 0:
        assert found.low == 0.0
        assert found.high == pytest.approx(-math.log(0.025) / 2)
    else:
        assert 1 - poisson_cdf(count - 1, 2.0 * found.low) == pytest.approx(0.025)


def test_no_hours_tell_nothing() -> None:
    assert poisson_exact(0, 0.0).high == math.inf


@settings(max_examples=100)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.data())
def test_a_weighted_median_is_that_of_repeated_values(
    values: list[int], data: st.DataObject
) -> None:
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(values), max_size=len(values)))
    repeated = [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
    weights = np.array([counts], np.float64)
    for share in (0.25, 0.5, 0.75):
        (found,) = quantile(weights, array(*values), share)
        if not repeated:
            assert math.isnan(found)
            continue
        wanted = np.quantile(repeated, share, method="averaged_inverted_cdf")
        assert found == pytest.approx(wanted)
    if repeated:
        assert quantile(weights, array(*values), 0.5)[0] == statistics.median(repeated)


def test_ratios_of_sums_by_hand() -> None:
    weights = np.array([[1, 1, 1], [0, 2, 1], [3, 0, 0]], np.float64)
    found = ratio(weights @ array(1, 2, 0), weights @ array(0, 4, 1))
    np.testing.assert_allclose(found, [3 / 5, 4 / 9, np.nan])


def test_shares_count_things_and_not_clips() -> None:
    groups = [f"g{i}" for i in range(8)]
    figure = one(
        Ratio(array(2, 0, 1, 1, 3, 0, 0, 1), array(3, 1, 1, 1, 4, 1, 0, 1), groups), groups
    )
    assert (figure.value, figure.count, figure.base) == (8 / 12, 8, 12)
    assert figure.interval is not None
    assert figure.interval.low < 8 / 12 < figure.interval.high
    nothing = one(Ratio(array(0, 0), array(0, 0), ["a", "b"]), ["a", "b"])
    assert (nothing.value, nothing.interval) == (None, None)


def test_an_interval_of_a_share_is_over_the_groups_of_its_things() -> None:
    # all found: exact, by groups that have any; of equal size these are 6, not 12 clips
    groups = [f"g{i // 2}" for i in range(12)]
    figure = one(Ratio(array(*[1] * 12), array(*[1] * 12), groups), groups)
    assert figure.interval is not None
    assert figure.interval.low == pytest.approx(0.025 ** (1 / 6))


def test_a_rate_that_is_nothing_is_bounded_by_poisson() -> None:
    groups = [f"g{i}" for i in range(20)]
    figure = one(Rate(array(*[0] * 20), array(*[0.1] * 20), groups), groups)
    assert (figure.value, figure.count) == (0.0, 0)
    assert figure.base == pytest.approx(2.0)
    assert figure.interval is not None
    assert figure.interval.method == "exact"
    assert figure.interval.high == pytest.approx(-math.log(0.025) / 2)


def test_one_room_seen_ten_times_is_seen_once() -> None:
    groups = ["room"] * 10
    figure = one(Rate(array(*[0] * 10), array(*[0.2] * 10), groups), groups)
    assert figure.interval is not None
    # two hours of one room tell as much as 12 minutes of ten
    assert figure.interval.high == pytest.approx(-math.log(0.025) / 0.2)


def test_rates_are_resampled_by_group_where_there_is_enough() -> None:
    rng = np.random.default_rng(5)
    events = rng.poisson(np.repeat(rng.gamma(1.0, 2.0, 24), 4))
    groups = [f"g{i // 4}" for i in range(96)]
    figure = one(Rate(events.astype(float), array(*[0.5] * 96), groups), groups)
    by_group = events.reshape(24, 4).sum(axis=1)
    draws = [rng.choice(by_group, 24).sum() / 48 for _ in range(4000)]
    wanted = np.quantile(draws, [expanded_tail(24), 1 - expanded_tail(24)])
    assert figure.interval is not None
    assert figure.interval.method == "bootstrap"
    ends = [figure.interval.low, figure.interval.high]
    np.testing.assert_allclose(ends, wanted, rtol=0.12)
    # clips of a group are alike, so that it is wider than that of a Poisson count
    plain = poisson_exact(float(events.sum()), 48.0)
    assert ends[1] - ends[0] > 1.3 * (plain.high - plain.low)


def test_few_events_are_left_to_poisson() -> None:
    events = array(*[1] * 4, *[0] * 36)
    groups = [f"g{i}" for i in range(40)]
    figure = one(Rate(events, array(*[1.0] * 40), groups), groups)
    assert figure.interval == poisson_exact(4.0, 40.0)


def test_exact_rates_hold_the_true_one() -> None:
    """Of 400 made-up sets with few events at least 95 in 100 intervals hold the rate."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        events = int(rng.poisson(0.08 * 30))
        draws = rng.poisson(max(events, 1e-9), 200) / 30
        found = rate_interval(draws, events, 30.0, groups=30.0, alike=1.0)
        held += found.low <= 0.08 <= found.high
    assert held >= 376


@pytest.mark.parametrize(("groups", "clips", "spread"), [(40, 1, 0.0), (20, 3, 1.0), (4, 9, 1.0)])
def test_intervals_of_rates_hold_the_true_one(groups: int, clips: int, spread: float) -> None:
    """Of 120 made-up sets nine in ten at least, whose groups differ by a gamma distribution."""
    rng = np.random.default_rng(2)
    names = [f"g{i // clips}" for i in range(groups * clips)]
    resampler = GroupResampler(names, np.zeros(len(names), bool), 300, 0)
    held = 0
    for _ in range(120):
        rates = rng.gamma(1 / spread, spread, groups) if spread else np.ones(groups)
        events = rng.poisson(0.4 * np.repeat(rates, clips)).astype(float)
        rate = Rate(events, np.ones(len(names)), names)
        ends = measure({"x": rate}, resampler)["x"].interval
        assert ends is not None
        held += ends.low <= 0.4 <= ends.high
    assert held >= 108


def test_medians_of_few_groups_have_no_interval() -> None:
    numbers = array(0.1, 0.4, 0.2, 0.9, 0.3, 0.5)
    few = one(Quantile(numbers, range(6), ["a", "a", "a", "b", "b", "b"]), ["a"] * 3 + ["b"] * 3)
    assert (few.value, few.count, few.base, few.interval) == (pytest.approx(0.35), 6, None, None)
    names = list("abcdef")
    many = one(Quantile(numbers, range(6), names), names)
    assert many.interval is not None
    assert 0.1 <= many.interval.low < 0.35 < many.interval.high <= 0.9
    assert one(Quantile(array(), [], names), names).value is None


def test_areas_are_those_of_pairs() -> None:
    scores, positive = [0.9, 0.8, 0.3, 0.7, 0.3, 0.1, 0.2, 0.6], [True] * 3 + [False] * 5
    names = list("abcdefgh")
    won = sum((a > b) + (a == b) / 2 for a in scores[:3] for b in scores[3:])
    flags = np.array(positive)
    auc = one(Auc(array(*scores), flags, names), names, positive)
    assert auc.value == pytest.approx(won / 15)
    ap = one(Auc(array(*scores), flags, names, precision=True), names, positive)
    # ranks 1, 2, and the tie at 0.3 with one other, behind 0.7 and 0.6
    assert ap.value == pytest.approx((1 + 1 + 3 / 6) / 3)
    assert ap.interval is None  # three groups with a fall
    one_label = one(Auc(array(0.1, 0.2), np.array([False, False]), ["a", "b"]), ["a", "b"])
    assert (one_label.value, one_label.interval) == (None, None)


def test_groups_are_counted_by_what_they_bring() -> None:
    assert effective_groups(["a", "b", "c"], array(1, 1, 1)) == pytest.approx(3)
    assert effective_groups(["a", "a", "b"], array(1, 1, 2)) == pytest.approx(2)
    assert effective_groups(["a", "b", "c"], array(8, 1, 1)) == pytest.approx(100 / 66)
    assert effective_groups(["a", "b"], array(5, 0)) == 1.0
    assert effective_groups([], array()) == 0.0
