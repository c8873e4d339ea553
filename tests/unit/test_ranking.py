"""The stratified AUC and its interval, held to plain loops over pairs.

In: random scores, labels, strata and weights. Out: nothing but assertions.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.lab.stats.ranking import area_under_curve, stratified_auc
from slipdetect.lab.stats.resampling import GroupResampler


def group_weights(groups: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    return np.concatenate(list(GroupResampler(groups, None, resamples, seed).with_all()))


def plain_auc(
    scores: np.ndarray, positive: np.ndarray, strata: np.ndarray, weights: np.ndarray
) -> float | None:
    right = pairs = 0.0
    for i in range(len(scores)):
        for j in range(len(scores)):
            if positive[i] and not positive[j] and strata[i] == strata[j]:
                weight = weights[i] * weights[j]
                pairs += weight
                right += weight * ((scores[i] > scores[j]) + 0.5 * (scores[i] == scores[j]))
    return right / pairs if pairs else None


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 2), st.integers(0, 3)),
        min_size=2,
        max_size=20,
    )
)
def test_equals_loops_over_pairs(rows: list[tuple[int, bool, int, int]]) -> None:
    scores = np.array([row[0] for row in rows], float)
    positive = np.array([row[1] for row in rows])
    strata = np.array([row[2] for row in rows])
    groups = np.unique([row[3] for row in rows], return_inverse=True)[1]
    weights = group_weights(groups, seed=3, resamples=50)
    found = stratified_auc(scores, positive, strata, weights)
    expected = [plain_auc(scores, positive, strata, row) for row in weights]
    if expected[0] is None:
        assert found is None
        return
    known = [value for value in expected if value is not None]
    assert found is not None
    assert found.value == pytest.approx(expected[0])
    ends = np.percentile(known[1:], [2.5, 97.5]) if len(known) > 1 else (known[0], known[0])
    assert (found.low, found.high) == pytest.approx(tuple(ends))


def test_repeats_count_alike() -> None:
    positive = np.array([True, True, False, False])
    scores = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    weights = np.ones((1, 4))
    found = stratified_auc(scores, positive, np.zeros((2, 4), int), weights)
    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_whole_groups_are_drawn() -> None:
    groups = np.array([0, 0, 1, 2, 2, 2])
    weights = group_weights(groups, seed=0, resamples=200)
    assert weights.shape == (201, 6)
    assert (weights[0] == 1).all()
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 5]).all()
    assert (weights[1:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert abs(weights[1:, 0].mean() - 1) < 0.2


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=25))
def test_auc_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int]]) -> None:
    right, pairs = 0.0, 0
    for positive, high in rows:
        for other, low in rows:
            if positive and not other:
                pairs += 1
                right += 1.0 if high > low else 0.5 if high == low else 0.0
    found = area_under_curve([p for p, _ in rows], [s / 5 for _, s in rows])
    if pairs == 0:
        assert found is None
    else:
        assert found == pytest.approx(right / pairs)
