"""Calibration undoes a known distortion, and leaves alone what it cannot judge.

In: labels drawn from known probabilities. Out: temperature and bias.
"""

from __future__ import annotations

import numpy as np
import pytest

from slipdetect.evaluation.calibration import Calibration, fit_calibration


def sigmoid(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def drawn(count: int, slope: float, bias: float) -> tuple[list[float], list[bool]]:
    """Return scores whose true log-odds are ``slope * log-odds + bias``, and labels."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 2, count)
    labels = rng.random(count) < sigmoid(slope * odds + bias)
    return sigmoid(odds).tolist(), labels.tolist()


@pytest.mark.parametrize("slope", [0.4, 1.0, 2.5])
def test_the_temperature_is_found(slope: float) -> None:
    scores, labels = drawn(20_000, slope, 0.0)
    found = fit_calibration(scores, labels)
    assert 1 / found.temperature == pytest.approx(slope, rel=0.1)
    assert abs(found.bias) < 0.1


def test_one_half_separates_the_labels_whatever_their_share() -> None:
    """Negatives around -3, positives around -1: the border is midway, at -2."""
    rng = np.random.default_rng(1)
    odds = np.concatenate([rng.normal(-3, 0.7, 2000), rng.normal(-1, 0.7, 200)])
    found = fit_calibration(sigmoid(odds).tolist(), [False] * 2000 + [True] * 200)
    assert -found.bias * found.temperature == pytest.approx(-2.0, abs=0.15)


def test_too_few_or_contrary_scores_change_nothing() -> None:
    few = [0.9] * 9 + [0.1] * 50
    assert fit_calibration(few, [True] * 9 + [False] * 50) == Calibration(1.0, 0.0)
    contrary = [0.1] * 20 + [0.9] * 20
    assert fit_calibration(contrary, [True] * 20 + [False] * 20) == Calibration()
    assert fit_calibration([], []) == Calibration()


def test_certain_scores_stay_finite() -> None:
    found = fit_calibration([1.0] * 20 + [0.0] * 20, [True] * 20 + [False] * 20)
    assert 0 < found.temperature < 100
    assert np.isfinite(found.bias)
