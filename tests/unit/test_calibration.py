"""Calibration undoes a known distortion, and leaves alone what it cannot judge.

In: labels drawn from known probabilities; numbers for plain loops. Out: temperature and bias.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import UsageError
from slipdetect.lab.calibrate.fitting import fit_calibration
from slipdetect.types import Calibration


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


@pytest.mark.parametrize(("temperature", "bias"), [(1.0, 0.0), (0.46, 0.53), (3.0, -1.0)])
def test_log_odds_become_probabilities_by_the_formula(temperature: float, bias: float) -> None:
    calibration = Calibration(temperature, bias)
    odds = [-30.0, -12.5, -1.0, 0.0, 0.25, 7.0, 30.0]
    expected = []
    for value in odds:
        moved = value / temperature + bias
        expected.append(1 / (1 + math.exp(-moved)))
    assert calibration.probabilities(np.array(odds)).tolist() == pytest.approx(
        expected, rel=1e-12, abs=0
    )
    assert [float(calibration.probabilities(x)) for x in odds] == pytest.approx(
        expected, rel=1e-12, abs=0
    )
    stored = [round(1 / (1 + math.exp(-value)), 5) for value in odds]
    expected = []
    for p in stored:
        # five digits: 0 and 1 are taken for a millionth from there
        p = min(max(p, 1e-6), 1 - 1e-6) if (temperature, bias) != (1.0, 0.0) else p
        power = 1 / temperature
        expected.append(p**power * math.exp(bias) / (p**power * math.exp(bias) + (1 - p) ** power))
    assert calibration.apply(stored).tolist() == pytest.approx(expected, rel=1e-6, abs=0)


def test_no_log_odds_are_too_large() -> None:
    """Beyond 709 the exponential of a float64 overflows, which numpy would warn of."""
    extreme = np.array([-1e308, -800.0, 800.0, 1e308])
    with np.errstate(all="raise", under="ignore"):
        assert Calibration(0.5, 1.0).probabilities(extreme[1:3]).tolist() == [0.0, 1.0]
        assert Calibration().probabilities(extreme).tolist() == [0.0, 0.0, 1.0, 1.0]
    assert float(Calibration().probabilities(0.0)) == 0.5


def test_it_is_written_with_streams_only_where_they_are_tempered() -> None:
    assert Calibration(2.0, 0.5).to_json() == {"temperature": 2.0, "bias": 0.5}
    data = {"temperature": 2, "bias": 0.5, "streams": {"rgb": 1.5}}
    assert Calibration.from_json(data) == Calibration(2, 0.5, {"rgb": 1.5})
    assert Calibration.from_json(data).to_json() == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (3, "calibration must be a table"),
        ({"temperature": 1.0}, "calibration misses 'bias'"),
        ({"temperature": 1.0, "bias": 0.0, "slope": 1.0}, "unknown key 'slope'"),
        ({"temperature": 0.0, "bias": 0.0}, "calibration.temperature must be .* above 0"),
        ({"temperature": 1.0, "bias": math.nan}, "calibration.bias"),
        ({"temperature": "1", "bias": 0.0}, "calibration.temperature"),
        ({"temperature": 1.0, "bias": 0.0, "streams": None}, "calibration.streams must be a table"),
        ({"temperature": 1.0, "bias": 0.0, "streams": {"rgb": -1.0}}, "calibration.streams.rgb"),
    ],
)
def test_nonsense_is_refused(data: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Calibration.from_json(data)
