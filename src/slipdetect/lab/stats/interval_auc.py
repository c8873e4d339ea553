"""The area under the ROC curve inside strata, with an interval from resampling whole groups.

In: scores, labels, strata, groups. Out: ``AucInterval``s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class AucInterval:
    """A number and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def group_weights(groups: Ints, seed: int, resamples: int = RESAMPLES) -> Floats:
    """Return how often each clip is drawn when whole groups are drawn with replacement.

    Args:
        groups: Group of every clip, numbered from 0, ``(n,)``.
        seed: Of the draws.
        resamples: Number of draws.

    Returns:
        ``(1 + resamples, n)``; the first row is all ones: nothing drawn.
    """
    count = int(groups.max()) + 1
    chances = np.full(count, 1 / count)
    drawn = np.random.default_rng(seed).multinomial(count, chances, size=resamples)
    return np.concatenate([np.ones((1, len(groups))), drawn[:, groups]])


def stratified_auc(
    scores: npt.NDArray[np.float64], positive: Bools, strata: Ints, weights: Floats
) -> AucInterval | None:
    """Return the share of pairs, one of each label and both of one stratum, in the right order.

    Ties count half. A pair weighs as its clips' weights multiplied.

    Args:
        scores: ``(n,)``, or several lists of scores ``(repeats, n)``, which count alike.
        positive: ``(n,)``.
        strata: As ``scores``: only pairs inside one stratum of one list are compared.
        weights: ``(1 + resamples, n)`` of ``group_weights``.

    Returns:
        The value with nothing drawn and the 2.5th and 97.5th percentile of the draws; None when
        there is no pair.
    """
    right = np.zeros(len(weights))
    pairs = np.zeros(len(weights))
    for row, places in zip(np.atleast_2d(scores), np.atleast_2d(strata), strict=True):
        for stratum in np.unique(places):
            chosen = np.flatnonzero(places == stratum)
            if len(np.unique(positive[chosen])) == 2:
                one, all_pairs = _ordered(row[chosen], positive[chosen], weights[:, chosen])
                right += one
                pairs += all_pairs
    known = pairs > 0
    if not known[0]:
        return None
    values = right[known] / pairs[known]
    low, high = np.percentile(values[1:], [2.5, 97.5]) if len(values) > 1 else (values[0],) * 2
    return AucInterval(float(values[0]), float(low), float(high))


def _ordered(scores: Floats, positive: Bools, weights: Floats) -> tuple[Floats, Floats]:
    """Return the weight of the pairs in the right order and of all pairs, for every draw."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    of_positives = np.add.reduceat(weights[:, order] * positive[order], starts, axis=1)
    of_others = np.add.reduceat(weights[:, order] * ~positive[order], starts, axis=1)
    below = np.cumsum(of_others, axis=1) - of_others
    right = (of_positives * (below + 0.5 * of_others)).sum(axis=1)
    return right, of_positives.sum(axis=1) * of_others.sum(axis=1)
