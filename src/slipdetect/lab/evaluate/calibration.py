"""Fitting a calibration on data the networks did not learn from.

In: probabilities of held-out windows and their labels. Out: temperature and bias.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression

from slipdetect.types import Calibration
from slipdetect.types.events import log_odds

_FEWEST = 10  # windows of either label; fewer say too little
_LEAST_SLOPE = 0.05


def fit_calibration(probabilities: Sequence[float], positive: Sequence[bool]) -> Calibration:
    """Fit temperature and bias by logistic regression on log-odds (Platt, 1999).

    Both labels weigh the same, so that 0.5 separates them best whatever their share is. With fewer
    than ten windows of a label, or scores that do not rise with the label, nothing is changed.
    """
    found = _fit(probabilities, positive)
    if found is None or found[0] < _LEAST_SLOPE:
        return Calibration()
    return Calibration(1 / found[0], found[1])


def fit_temperature(probabilities: Sequence[float], positive: Sequence[bool]) -> float:
    """Return what the log-odds of one stream are divided by before streams are fused, 0 to 20.

    The bias is fitted beside it and then left to the calibration after fusion. A stream that tells
    little gets 20, so that it has little say; with fewer than ten windows of a label it gets 1.
    """
    found = _fit(probabilities, positive)
    return 1.0 if found is None else 1 / max(found[0], _LEAST_SLOPE)


def _fit(probabilities: Sequence[float], positive: Sequence[bool]) -> tuple[float, float] | None:
    """Return slope and intercept of the log-odds, or None where there are too few windows."""
    labels = np.asarray(positive, bool)
    if min(labels.sum(), (~labels).sum()) < _FEWEST:
        return None
    odds = log_odds(probabilities).reshape(-1, 1)
    fitted = LogisticRegression(class_weight="balanced").fit(odds, labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
