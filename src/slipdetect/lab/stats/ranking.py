"""Areas under the curves of a score, for many resamples at once.

In: scores and labels of clips, ``(resamples, clips)`` weights. Out: areas, ``(resamples,)``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


class Ranking:
    """Clips in the order of their scores, for metrics of all thresholds.

    Args:
        scores: ``(clips,)``, larger means more probably a slip.
        positive: ``(clips,)``, whether there is one.
    """

    def __init__(self, scores: Floats, positive: Flags) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        # first clip of every distinct score: clips that tie are taken together
        self._begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._positive = positive[self._order].astype(np.float64)

    def auc(self, weights: Floats) -> Floats:
        """Return the areas under the ROC curve; NaN where a label has no weight."""
        return ratio(*self.pairs(weights))

    def pairs(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the weight of pairs in the right order, and of all pairs, of one clip each label.

        Ties count half (Mann and Whitney, 1947).
        """
        slips, others = self._by_score(weights)
        below = others.sum(axis=1, keepdims=True) - others.cumsum(axis=1)
        ordered = (slips * (below + others / 2)).sum(axis=1)
        return ordered, slips.sum(axis=1) * others.sum(axis=1)

    def average_precision(self, weights: Floats) -> Floats:
        """Return the average precisions: precision at each threshold times the recall it adds.

        As scikit-learn's ``average_precision_score``; no interpolation.
        """
        slips, others = self._by_score(weights)
        found = slips.cumsum(axis=1)
        called = found + others.cumsum(axis=1)
        precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
        return ratio((slips * precision).sum(axis=1), slips.sum(axis=1))

    def _by_score(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the weight of slips and of others at every distinct score, best first."""
        ordered = weights[:, self._order]
        slips = np.add.reduceat(ordered * self._positive, self._begins, axis=1)
        others = np.add.reduceat(ordered * (1 - self._positive), self._begins, axis=1)
        return slips, others


def area_under_curve(positive: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the area under the ROC curve, or None when only one label is present."""
    labels = np.asarray(positive, bool)
    if len(np.unique(labels)) < 2:
        return None
    return float(Ranking(np.asarray(scores, np.float64), labels).auc(np.ones((1, len(labels))))[0])


@dataclass(frozen=True)
class AucInterval:
    """An area under the ROC curve and its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


def stratified_auc(
    scores: Floats, positive: Flags, strata: Ints, weights: Floats
) -> AucInterval | None:
    """Return the share of pairs, one of each label and both of one stratum, in the right order.

    Args:
        scores: ``(clips,)``, or several lists of scores ``(repeats, clips)``, which count alike.
        positive: ``(clips,)``.
        strata: As ``scores``: only pairs inside one stratum of one list are compared.
        weights: ``(1 + resamples, clips)``, all ones first, as ``GroupResampler.with_all`` has it.

    Returns:
        The value by the first weights and the 2.5th and 97.5th percentile by the others; None
        without a pair.
    """
    ordered, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for row, places in zip(np.atleast_2d(scores), np.atleast_2d(strata), strict=True):
        for stratum in np.unique(places):
            chosen = np.flatnonzero(places == stratum)
            parts = Ranking(row[chosen], positive[chosen]).pairs(weights[:, chosen])
            ordered, pairs = ordered + parts[0], pairs + parts[1]
    if not pairs[0]:
        return None
    value, *drawn = (ordered[pairs > 0] / pairs[pairs > 0]).tolist()
    low, high = np.percentile(drawn, [2.5, 97.5]) if drawn else (value, value)
    return AucInterval(value, float(low), float(high))


def ratio(over: Floats, under: Floats) -> Floats:
    """Return ``over / under``, NaN where the latter is 0."""
    return np.divide(over, under, out=np.full_like(under, np.nan), where=under > 0)
