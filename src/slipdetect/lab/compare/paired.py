"""Whether one way of scoring clips is better than another on the same clips.

In: what both said of each clip. Out: p-values and the interval of a difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from slipdetect.lab.stats.intervals import FEWEST_GROUPS, expanded_tail
from slipdetect.lab.stats.resampling import GroupResampler, fewer_groups
from slipdetect.lab.stats.weighted_metrics import Ranking

_Doubles = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Difference:
    """The area under the ROC curve less that of the reference.

    Attributes:
        value: The difference.
        low: Lower end of its 95% interval; None where resamples cannot tell.
        high: Upper end.
    """

    value: float
    low: float | None
    high: float | None


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (Psychometrika 12, 1947).

    Clips that both get right or both get wrong say nothing; of the others either is right with
    the same chance if the two are equally good. Clips count as independent.

    Args:
        gained: Clips that only the one gets right.
        lost: Clips that only the reference gets right.
    """
    if gained + lost == 0:
        return 1.0
    return float(binomtest(gained, gained + lost, 0.5).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm, Scand. J. Stat. 6, 1979), in order."""
    corrected = [0.0] * len(p_values)
    largest = 0.0
    ranked = sorted(range(len(p_values)), key=p_values.__getitem__)
    for rank, index in enumerate(ranked):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


class PairedAuc:
    """Differences of AUC over resamples that are the same for both sides.

    Whole groups are drawn, as for the intervals of the figures themselves.

    Args:
        positive: ``(clips,)``, whether each shows a slip.
        groups: Group of every clip.
        resamples: How many.
        seed: Of the draws.
    """

    def __init__(
        self, positive: _Flags, groups: Sequence[str], resamples: int, seed: int = 0
    ) -> None:
        self._positive = positive
        self._resampler = GroupResampler(groups, positive, resamples, seed)
        self._fewest = fewer_groups(groups, positive)

    def difference(self, scores: _Doubles, reference: _Doubles) -> Difference | None:
        """Return the AUC of ``scores`` less that of ``reference``; None with one label only.

        Args:
            scores: ``(clips,)``, larger means surer of a slip.
            reference: The same of the reference.
        """
        if self._fewest == 0:
            return None
        ones = np.ones((1, len(self._positive)))
        pair = Ranking(scores, self._positive), Ranking(reference, self._positive)
        value = float(pair[0].auc(ones)[0] - pair[1].auc(ones)[0])
        drawn = np.concatenate(
            [pair[0].auc(weights) - pair[1].auc(weights) for weights in self._resampler.weights()]
        )
        drawn = drawn[~np.isnan(drawn)]
        # resamples that are all alike, as where both are perfect, would claim a width of zero
        if self._fewest < FEWEST_GROUPS or drawn.min() == drawn.max():
            return Difference(value, None, None)
        tail = expanded_tail(self._fewest)
        low, high = np.quantile(drawn, [tail, 1 - tail])
        return Difference(value, min(float(low), value), max(float(high), value))
