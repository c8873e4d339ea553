"""Paired tests, derived again by hand: McNemar, Holm, differences of AUC.

In: made-up judgments. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.lab.stats.intervals import FEWEST_GROUPS, expanded_tail
from slipdetect.lab.stats.paired import PairedAuc, holm, mcnemar
from slipdetect.lab.stats.resampling import GroupResampler


def _two_sided(gained: int, lost: int) -> float:
    count, least = gained + lost, min(gained, lost)
    tail = sum(math.comb(count, k) for k in range(least + 1)) / 2**count
    return min(1.0, 2 * tail)


@given(gained=st.integers(0, 60), lost=st.integers(0, 60))
def test_mcnemar_is_twice_the_binomial_tail(gained: int, lost: int) -> None:
    assert mcnemar(gained, lost) == pytest.approx(_two_sided(gained, lost), rel=1e-9)
    assert mcnemar(gained, lost) == pytest.approx(mcnemar(lost, gained), rel=1e-12)


@pytest.mark.parametrize(
    ("gained", "lost", "expected"),
    [(0, 0, 1.0), (1, 0, 1.0), (0, 5, 2 / 32), (6, 0, 2 / 64), (1, 7, 2 * (1 + 8) / 256)],
)
def test_mcnemar_by_hand(gained: int, lost: int, expected: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(expected, rel=1e-12)


def test_holm_by_hand() -> None:
    # sorted 0.005 x 4, 0.01 x 3, 0.03 x 2 = 0.06, 0.04 x 1 = 0.04 but never below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_and_never_helps(values: list[float]) -> None:
    corrected = holm(values)
    assert all(p <= c <= 1 for p, c in zip(values, corrected, strict=True))
    bonferroni = [min(1.0, len(values) * p) for p in values]
    assert all(c <= b for c, b in zip(corrected, bonferroni, strict=True))
    ranked = sorted(range(len(values)), key=values.__getitem__)
    assert [corrected[i] for i in ranked] == sorted(corrected)
    assert holm(values[::-1]) == corrected[::-1]


def _auc(scores: list[float], positive: list[bool], weights: list[float]) -> float:
    won = pairs = 0.0
    for i, slip in enumerate(positive):
        for j, other in enumerate(positive):
            if slip and not other:
                pair = weights[i] * weights[j]
                pairs += pair
                won += pair * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
    return won / pairs


def test_the_difference_and_its_interval_by_hand() -> None:
    rng = np.random.default_rng(11)
    positive = [index % 2 == 0 for index in range(24)]
    groups = [f"g{index // 2 % 8}-{index % 2}" for index in range(24)]
    one = [round(float(rng.normal() + 1.2 * slip), 1) for slip in positive]
    two = [round(float(rng.normal() + 0.4 * slip), 1) for slip in positive]
    flags = np.array(positive)
    found = PairedAuc(flags, groups, 50, seed=4).difference(np.array(one), np.array(two))
    resampler = GroupResampler(groups, flags, 50, 4)
    drawn = []
    for part in resampler.weights():
        for weights in part.tolist():
            drawn.append(_auc(one, positive, weights) - _auc(two, positive, weights))
    plain = [1.0] * 24
    tail = expanded_tail(12**2 / (4 * 2**2 + 4))  # eight groups of slips, four with two each
    assert found is not None
    assert found.value == pytest.approx(_auc(one, positive, plain) - _auc(two, positive, plain))
    assert found.interval is not None
    assert found.interval.low == pytest.approx(min(np.quantile(drawn, tail), found.value))
    assert found.interval.high == pytest.approx(max(np.quantile(drawn, 1 - tail), found.value))


def test_the_same_scores_do_not_differ_and_claim_no_interval() -> None:
    positive = np.arange(40) % 2 == 0
    scores = np.random.default_rng(0).normal(size=40)
    found = PairedAuc(positive, [str(i) for i in range(40)], 200).difference(scores, scores)
    assert found is not None
    assert (found.value, found.interval) == (0.0, None)


def test_few_groups_give_no_interval_however_many_clips() -> None:
    positive = np.arange(200) % 2 == 0
    groups = [f"{i % 2}-{i // 2 % (FEWEST_GROUPS - 1)}" for i in range(200)]
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=200), rng.normal(size=200)
    found = PairedAuc(positive, groups, 200).difference(one, two)
    assert found is not None
    assert found.interval is None


def test_one_label_has_no_auc() -> None:
    paired = PairedAuc(np.ones(5, bool), list("abcde"), 100)
    assert paired.difference(np.arange(5.0), np.arange(5.0)) is None


def test_pairing_helps_where_two_rankings_agree() -> None:
    # two noisy copies of one ranking: each AUC is unsure, their difference is not
    rng = np.random.default_rng(1)
    positive = np.arange(120) % 2 == 0
    base = rng.normal(size=120) + 0.8 * positive
    groups = [str(i) for i in range(120)]
    paired = PairedAuc(positive, groups, 500)
    near = paired.difference(base + 0.05 * rng.normal(size=120), base)
    far = paired.difference(rng.normal(size=120) + 0.8 * positive, base)
    widths = [
        each.interval.high - each.interval.low for each in (near, far) if each and each.interval
    ]
    assert len(widths) == 2
    assert widths[0] < 0.25 * widths[1]
