"""How well scores tell clips with a slip from clips without.

In: true labels and scores. Out: the area under the ROC curve, with a bootstrap interval.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import roc_auc_score

from slipdetect.lab.stats.weighted_metrics import Ranking

_RESAMPLES = 1000


def area_under_curve(positive: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Return the ROC AUC, or None when only one label is present."""
    if len(set(positive)) < 2:
        return None
    return float(roc_auc_score(list(positive), list(scores)))


def auc_interval(
    positive: Sequence[bool], scores: Sequence[float], seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95% bootstrap interval of the AUC over clips, resampled within each label.

    None when only one label is present.
    """
    labels, values = np.asarray(positive, bool), np.asarray(scores, np.float64)
    if labels.all() or not labels.any():
        return None
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(labels), np.flatnonzero(~labels)]
    times = np.empty((_RESAMPLES, len(labels)))  # that a clip was drawn
    for row in times:
        picked = np.concatenate([rng.choice(group, len(group)) for group in groups])
        row[:] = np.bincount(picked, minlength=len(labels))
    low, high = np.percentile(Ranking(values, labels).auc(times), [2.5, 97.5])
    return float(low), float(high)
