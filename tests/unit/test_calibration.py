"""Calibration: recovers a known distortion, and leaves alone what it cannot judge."""

from __future__ import annotations

import math

import numpy as np
import pytest

from slipdetect.evaluation import Calibration, fit_calibration


def calibrated(calibration: Calibration, probability: float) -> float:
    odds = math.log(probability / (1 - probability))
    return 1 / (1 + math.exp(-(odds / calibration.temperature + calibration.bias)))


def scores(temperature: float, bias: float, count: int) -> tuple[list[float], list[bool]]:
    """Labels drawn by true probabilities, and those probabilities distorted."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0.0, 2.0, count)
    labels = rng.random(count) < 1 / (1 + np.exp(-odds))
    distorted = (odds - bias) * temperature
    return (1 / (1 + np.exp(-distorted))).tolist(), labels.tolist()


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (2.5, 0.0), (0.5, -1.0), (3.0, 1.5)])
def test_a_known_distortion_is_undone(temperature: float, bias: float) -> None:
    fitted = fit_calibration(*scores(temperature, bias, 20_000))
    assert fitted.temperature == pytest.approx(temperature, rel=0.1)
    assert fitted.bias == pytest.approx(bias, abs=0.1)


def test_half_separates_the_labels_whatever_their_share_is() -> None:
    # positives are rare, at a log-odds of -1; the others at -3
    probabilities = [1 / (1 + math.exp(1))] * 10 + [1 / (1 + math.exp(3))] * 1000
    fitted = fit_calibration(probabilities, [True] * 10 + [False] * 1000)
    assert calibrated(fitted, probabilities[0]) > 0.5 > calibrated(fitted, probabilities[-1])


@pytest.mark.parametrize(
    ("probabilities", "labels"),
    [
        ([], []),
        ([0.9] * 9 + [0.1] * 50, [True] * 9 + [False] * 50),
        ([0.9] * 50, [True] * 50),
        ([0.1] * 20 + [0.9] * 20, [True] * 20 + [False] * 20),  # upside down
        ([0.5] * 40, [True, False] * 20),
    ],
)
def test_what_says_too_little_changes_nothing(
    probabilities: list[float], labels: list[bool]
) -> None:
    assert fit_calibration(probabilities, labels) == Calibration(1.0, 0.0)


def test_certainty_is_no_infinity() -> None:
    fitted = fit_calibration([0.0] * 20 + [1.0] * 20, [False] * 20 + [True] * 20)
    assert math.isfinite(fitted.temperature)
    assert math.isfinite(fitted.bias)
