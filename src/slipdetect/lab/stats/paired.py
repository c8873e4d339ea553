"""Whether one way of scoring clips is better than another on the same clips.

In: what both decided of each clip. Out: p-values and the interval of a difference.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from slipdetect.lab import require
from slipdetect.lab.stats.intervals import FEWEST_GROUPS, bootstrap_interval, no_variety
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.ranking import Flags, Floats, Ranking
from slipdetect.lab.stats.resampling import GroupResampler, fewer_groups

stats = require("scipy.stats")


def mcnemar(gained: int, lost: int) -> float:
    """Return the exact two-sided p-value of McNemar's test (Psychometrika 12, 1947).

    Clips that both get right or both get wrong say nothing; of the others either is right with
    the same chance if the two are equally good. Clips count as independent.
    """
    if gained + lost == 0:
        return 1.0
    return float(stats.binomtest(gained, gained + lost, 0.5).pvalue)


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

    Whole groups are drawn, as for the intervals of the areas themselves.

    Args:
        positive: ``(clips,)``, whether each shows a slip.
        groups: Group of every clip.
        resamples: How many.
        seed: Of the draws.
    """

    def __init__(
        self, positive: Flags, groups: Sequence[str], resamples: int, seed: int = 0
    ) -> None:
        self._positive = positive
        self._resampler = GroupResampler(groups, positive, resamples, seed)
        self._fewest = fewer_groups(groups, positive)

    def difference(self, scores: Floats, reference: Floats) -> Metric | None:
        """Return the AUC of ``scores`` less that of ``reference``; None with one label only.

        It has no interval where resamples cannot tell.

        Args:
            scores: ``(clips,)``, larger means more probably a slip.
            reference: The same of the reference.
        """
        if self._fewest == 0:
            return None
        one, other = Ranking(scores, self._positive), Ranking(reference, self._positive)
        found = np.concatenate(
            [one.auc(weights) - other.auc(weights) for weights in self._resampler.with_all()]
        )
        value, drawn = float(found[0]), found[1:]
        # resamples that are all alike, as where both are perfect, would claim a width of zero
        unknown = self._fewest < FEWEST_GROUPS or no_variety(drawn)
        ends = None if unknown else bootstrap_interval(value, drawn, self._fewest)
        return Metric(value, len(scores), None, ends)
