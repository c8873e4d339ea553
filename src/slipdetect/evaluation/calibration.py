"""Making probabilities mean what they say, on data the networks did not learn from.

In: fused probabilities of held-out windows and their labels. Out: temperature and bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression

_FEWEST = 10  # windows of either label; fewer say too little
_LEAST_SLOPE = 0.05
_TINY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """``sigmoid(log_odds / temperature + bias)``; the default changes nothing."""

    temperature: float = 1.0
    bias: float = 0.0


def fit_calibration(probabilities: Sequence[float], positive: Sequence[bool]) -> Calibration:
    """Fit temperature and bias by logistic regression on log-odds (Platt, 1999).

    Both labels weigh the same, so that 0.5 separates them best whatever their share is. With fewer
    than ten windows of a label, or scores that do not rise with the label, nothing is changed.
    """
    labels = np.asarray(positive, bool)
    p = np.clip(np.asarray(probabilities, np.float64), _TINY, 1 - _TINY)
    if min(labels.sum(), (~labels).sum()) < _FEWEST:
        return Calibration()
    odds = np.log(p / (1 - p)).reshape(-1, 1)
    fitted = LogisticRegression(class_weight="balanced").fit(odds, labels)
    slope, bias = float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
    if slope < _LEAST_SLOPE:
        return Calibration()
    return Calibration(1 / slope, bias)
