"""Making probabilities mean what they say, on data the networks did not learn from.

In: probabilities of held-out windows and their labels. Out: temperature and bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

Floats = npt.NDArray[np.float64]

_FEWEST = 10  # windows of either label; fewer say too little
_LEAST_SLOPE = 0.05
_TINY = 1e-6


@dataclass(frozen=True)
class Calibration:
    """``sigmoid(log_odds / temperature + bias)``; the default changes nothing."""

    temperature: float = 1.0
    bias: float = 0.0

    def apply(self, probabilities: Sequence[float] | Floats) -> Floats:
        """Return calibrated probabilities ``(n,)``, in the same order of size as those given."""
        if self == Calibration():
            return np.asarray(probabilities, np.float64)
        odds = log_odds(probabilities) / self.temperature + self.bias
        made: Floats = expit(odds)
        return made


def log_odds(probabilities: Sequence[float] | Floats) -> Floats:
    """Return log-odds ``(n,)``; those of 0 and 1 are taken for those of a millionth from there."""
    p = np.clip(np.asarray(probabilities, np.float64), _TINY, 1 - _TINY)
    odds: Floats = np.log(p / (1 - p))
    return odds


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
