"""Metrics of many resamples at once.

In: ``(resamples, clips)`` weights and what was said of the clips. Out: ``(resamples,)`` figures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def share(weights: Floats, hits: Flags, among: Flags) -> Floats:
    """Return the weighted share of ``hits`` among clips; NaN where none has weight.

    Args:
        weights: ``(resamples, clips)``.
        hits: ``(clips,)``, whether the clip counts.
        among: ``(clips,)``, whether the clip is counted.
    """
    total = weights @ among.astype(np.float64)
    counted = weights @ (hits & among).astype(np.float64)
    return np.divide(counted, total, out=np.full_like(total, np.nan), where=total > 0)


def ratio_of_sums(weights: Floats, over: Floats, under: Floats) -> Floats:
    """Return the weighted sum of ``over`` by that of ``under``; NaN where the latter is 0.

    Args:
        weights: ``(resamples, clips)``.
        over: ``(clips,)``, such as events found.
        under: ``(clips,)``, such as true events, or hours.
    """
    return _ratio(weights @ over, weights @ under)


def quantile(weights: Floats, values: Floats, share: float) -> Floats:
    """Return the weighted quantiles of ``values``; NaN where nothing has weight.

    The smallest value below or at which more than ``share`` of the weight lies; midway to the
    next lower one where exactly ``share`` lies below, so that a half gives the usual median.

    Args:
        weights: ``(resamples, values)``.
        values: ``(values,)``.
        share: 0 to 1.
    """
    if len(values) == 0:
        return np.full(len(weights), np.nan)
    order = np.argsort(values, kind="stable")
    reached = weights[:, order].cumsum(axis=1)
    wanted = share * reached[:, -1:]
    lower = values[order][(reached >= wanted - 1e-9).argmax(axis=1)]
    upper = values[order][(reached > wanted + 1e-9).argmax(axis=1)]
    return np.where(reached[:, -1] > 0, (lower + upper) / 2, np.nan)


class Ranking:
    """Clips in the order of their scores, for metrics of all thresholds.

    Args:
        scores: ``(clips,)``, larger means surer of a slip.
        positive: ``(clips,)``, whether there is one.
    """

    def __init__(self, scores: Floats, positive: Flags) -> None:
        self._order = np.argsort(-scores, kind="stable")
        ordered = scores[self._order]
        # first clip of every distinct score: clips that tie are taken together
        self._begins = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        self._positive = positive[self._order].astype(np.float64)

    def auc(self, weights: Floats) -> Floats:
        """Return the areas under the ROC curve, ties counting half (Mann and Whitney, 1947)."""
        slips, others = self._by_score(weights)
        below = others.sum(axis=1, keepdims=True) - others.cumsum(axis=1)
        won = (slips * (below + others / 2)).sum(axis=1)
        return _ratio(won, slips.sum(axis=1) * others.sum(axis=1))

    def average_precision(self, weights: Floats) -> Floats:
        """Return the average precisions: precision at each threshold times the recall it adds.

        As scikit-learn's ``average_precision_score``; no interpolation.
        """
        slips, others = self._by_score(weights)
        found = slips.cumsum(axis=1)
        said = found + others.cumsum(axis=1)
        precision = np.divide(found, said, out=np.zeros_like(found), where=said > 0)
        return _ratio((slips * precision).sum(axis=1), slips.sum(axis=1))

    def _by_score(self, weights: Floats) -> tuple[Floats, Floats]:
        """Return the weight of slips and of others at every distinct score, best first."""
        ordered = weights[:, self._order]
        slips = np.add.reduceat(ordered * self._positive, self._begins, axis=1)
        others = np.add.reduceat(ordered * (1 - self._positive), self._begins, axis=1)
        return slips, others


def _ratio(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.full_like(under, np.nan), where=under > 0)
