"""Intervals: exact ones against the binomial distribution, resamples against plain repetition.

In: made-up shares, groups and scores. Out: nothing but assertions.
"""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from slipdetect.lab.stats.intervals import (
    Interval,
    clopper_pearson,
    expanded_tail,
    interval,
    widened,
)
from slipdetect.lab.stats.ranking import Ranking, ratio
from slipdetect.lab.stats.resampling import GroupResampler, effective_groups


def at_least(hits: int, count: int, p: float) -> float:
    """Probability of ``hits`` or more of ``count`` trials of probability ``p``."""
    return sum(comb(count, k) * p**k * (1 - p) ** (count - k) for k in range(hits, count + 1))


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_exact_interval_leaves_a_fortieth_on_either_side(trial: tuple[int, int]) -> None:
    hits, count = trial
    found = clopper_pearson(hits / count, count)
    assert 0.0 <= found.low <= hits / count <= found.high <= 1.0
    if hits:
        assert at_least(hits, count, found.low) == pytest.approx(0.025)
    else:
        assert found.low == 0.0
    if hits < count:
        assert 1 - at_least(hits + 1, count, found.high) == pytest.approx(0.025)
    else:
        assert found.high == 1.0


def test_twelve_of_twelve_is_not_certainty() -> None:
    found = interval(1.0, np.ones(1000), groups=12, trials=12)
    assert found.method == "exact"
    assert found.high == 1.0
    assert found.low == pytest.approx(0.025 ** (1 / 12))  # 0.735
    none = interval(0.0, np.zeros(1000), groups=12, trials=12)
    assert (none.low, none.high) == pytest.approx((0.0, 1 - 0.025 ** (1 / 12)))


def test_one_group_tells_next_to_nothing() -> None:
    found = interval(0.9, np.full(1000, 0.9), groups=1, trials=1)
    assert found.method == "exact"
    assert found.low < 0.1
    assert found.high > 0.99
    assert clopper_pearson(1.0, 0) == interval(1.0, np.ones(9), groups=1, trials=0)
    assert (clopper_pearson(1.0, 0).low, clopper_pearson(1.0, 0).high) == (0.0, 1.0)


def test_percentiles_are_expanded_for_few_groups() -> None:
    values = np.r_[np.linspace(0.5, 0.9, 1001), np.nan, np.nan]
    found = interval(0.7, values, groups=1_000_000, trials=9)
    assert found.method == "bootstrap"
    assert (found.low, found.high) == pytest.approx((0.51, 0.89), abs=1e-6)
    # Student's t of 6 degrees of freedom is 2.4469; with the factor of n - 1, 2.6430 standard
    # deviations of a normal distribution, which leave 0.00411 on either side
    assert expanded_tail(7) == pytest.approx(0.00411, abs=1e-5)
    few = interval(0.7, values, groups=7, trials=7)
    assert (few.low, few.high) == pytest.approx(
        (0.5 + 0.4 * 0.00411, 0.9 - 0.4 * 0.00411), abs=1e-5
    )


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    # ten groups of five clips, alike within a group; the truth is known from very many groups
    def draw(groups: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        slip = np.repeat(np.arange(groups) % 2 == 0, 5)
        noise = np.repeat(rng.normal(0, 0.8, groups), 5) + rng.normal(0, 0.8, 5 * groups)
        return slip, np.where(slip, 0.8, -0.8) + noise

    slip, scores = draw(200_000, np.random.default_rng(0))
    truth = Ranking(scores, slip).auc(np.ones((1, len(slip))))[0]
    held = []
    for trial in range(200):
        slip, scores = draw(10, np.random.default_rng(trial + 1))
        ranking = Ranking(scores, slip)
        names = [str(i // 5) for i in range(len(slip))]
        drawn = np.concatenate(
            [ranking.auc(w) for w in GroupResampler(names, slip, 300, trial).weights()]
        )
        found = interval(float(ranking.auc(np.ones((1, len(slip))))[0]), drawn, 5, 5)
        held.append(found.low <= truth <= found.high)
    assert 0.88 < np.mean(held) <= 1.0


def test_parts_without_variety_are_put_in_by_their_squares() -> None:
    found = Interval(0.7, 0.9, "bootstrap")
    assert widened(found, 0.8, [(0.5, 0.6, 20), (0.5, 0.9, 20)]) == Interval(
        pytest.approx(0.7), pytest.approx(0.9), "bootstrap"
    )
    slack = 1 - clopper_pearson(1.0, 12).low
    wide = widened(found, 0.8, [(0.5, 1.0, 12), (0.5, 0.6, 20)])
    assert wide.low == pytest.approx(0.8 - np.hypot(0.1, slack / 2))
    assert wide.high == pytest.approx(0.9)
    exact = Interval(0.2, 1.0, "exact")
    assert widened(exact, 0.8, [(0.5, 1.0, 12)]) == exact


def test_resamples_without_any_difference_are_not_believed() -> None:
    assert interval(0.5, np.full(1000, 0.5), groups=8, trials=8).method == "exact"
    assert interval(0.5, np.full(1000, np.nan), groups=8, trials=8).method == "exact"


GROUPS = ["a", "a", "b", "c", "c", "c", "d", "e", "e", "f"]
SLIP = np.array([1, 1, 1, 0, 0, 0, 0, 1, 0, 1], bool)


def test_groups_are_drawn_whole_and_within_their_labels() -> None:
    groups, slip = [*GROUPS, "g", "g"], np.append(SLIP, [True, False])
    weights = np.concatenate(list(GroupResampler(groups, slip, 500, seed=1).weights()))
    assert weights.shape == (500, 12)
    for name in set(groups):
        columns = weights[:, [i for i, group in enumerate(groups) if group == name]]
        assert (columns == columns[:, :1]).all()
    by_group = {name: weights[:, groups.index(name)] for name in set(groups)}
    assert set(by_group["a"] + by_group["b"] + by_group["f"]) == {3.0}  # slips only
    assert set(by_group["c"] + by_group["d"]) == {2.0}  # others only
    assert set(by_group["e"] + by_group["g"]) == {2.0}  # both
    assert {0.0, 1.0, 2.0, 3.0} >= set(by_group["a"]) > {0.0, 1.0}
    assert by_group["a"].mean() == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("groups", "slip", "lone"),
    [
        (GROUPS, SLIP, "e"),  # the only one of both labels
        ("aabbccddef", np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 1], bool), "a"),  # several of both
        ("aabbccddeef", np.array([1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], bool), "f"),  # one of slips
    ],
)
def test_no_group_is_in_every_resample(groups: str, slip: np.ndarray, lone: str) -> None:
    weights = np.concatenate(list(GroupResampler(list(groups), slip, 500, seed=1).weights()))
    drawn = weights[:, list(groups).index(lone)]
    assert {0.0, 1.0, 2.0} <= set(drawn)
    assert drawn.mean() == pytest.approx(1.0, abs=0.15)
    assert (weights[:, slip].sum(axis=1) > 0).all()
    assert (weights[:, ~slip].sum(axis=1) > 0).mean() > 0.99


def test_the_same_seed_draws_the_same() -> None:
    first, same, other = (
        np.concatenate(list(GroupResampler(GROUPS, SLIP, 20, seed).weights())) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_many_clips_come_in_parts_that_add_up() -> None:
    groups = [str(i) for i in range(50_000)]
    slip = np.arange(50_000) % 2 == 0
    parts = list(GroupResampler(groups, slip, 100, seed=0).weights())
    assert [len(part) for part in parts] == [80, 20]
    assert {float(part.sum(axis=1).max()) for part in parts} == {50_000.0}


def test_groups_count_by_how_much_they_tell() -> None:
    assert effective_groups(GROUPS, SLIP) == pytest.approx(5**2 / (2**2 + 3))
    assert effective_groups(list("aabbcc"), np.ones(6, bool)) == 3
    assert effective_groups(["a"] * 99 + ["b"], np.ones(100, bool)) < 1.03
    assert effective_groups(GROUPS, np.zeros(10, bool)) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=25
    )
)
def test_weighted_metrics_are_those_of_repeated_clips(clips: list[tuple[int, bool, int]]) -> None:
    scores = np.array([score for score, _, _ in clips], float)
    slip = np.array([positive for _, positive, _ in clips])
    weights = np.array([[weight for _, _, weight in clips]], float)
    again = np.repeat(np.arange(len(clips)), weights[0].astype(int))
    ranking = Ranking(scores, slip)
    auc, precision = ranking.auc(weights)[0], ranking.average_precision(weights)[0]
    hits = ratio(weights @ (slip & (scores > 2)), weights @ slip.astype(float))[0]
    if slip[again].any():
        assert precision == pytest.approx(average_precision_score(slip[again], scores[again]))
        assert hits == pytest.approx((scores > 2)[again][slip[again]].mean())
    else:
        assert np.isnan(precision)
        assert np.isnan(hits)
    if slip[again].any() and not slip[again].all():
        assert auc == pytest.approx(roc_auc_score(slip[again], scores[again]))
    else:
        assert np.isnan(auc)
