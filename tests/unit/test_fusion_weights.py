"""Fitted fusion weights: known optima, ties, too little to go by.

In: constructed logits. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipdetect.lab.compare.fusions import FEWEST, fit_weights, in_order, usual_fusions

Logits = dict[str, npt.NDArray[np.float32]]


def _logits(margins: dict[str, list[float]]) -> Logits:
    return {
        name: np.array([[m / 2, -m / 2] for m in values], np.float32)
        for name, values in margins.items()
    }


def _independent(first: float, second: float) -> tuple[Logits, npt.NDArray[np.int64]]:
    """Two streams that say +1 or -1, right so often, independent of each other in each class."""
    margins: dict[str, list[float]] = {"rgb": [], "flow": []}
    truth = []
    for label, sign in ((0, 1), (1, -1)):
        for right_a in (True, False):
            for right_b in (True, False):
                share = (first if right_a else 1 - first) * (second if right_b else 1 - second)
                for _ in range(round(1000 * share)):
                    truth.append(label)
                    margins["rgb"].append(sign if right_a else -sign)
                    margins["flow"].append(sign if right_b else -sign)
    return _logits(margins), np.array(truth)


def _loss(weights: list[float], logits: Logits, truth: npt.NDArray[np.int64]) -> float:
    """Mean log-loss of the weighted sum, in plain loops."""
    total = 0.0
    for clip, label in enumerate(truth.tolist()):
        fused = [0.0, 0.0]
        for weight, part in zip(weights, logits.values(), strict=True):
            for k in range(2):
                fused[k] += weight * float(part[clip, k])
        total += math.log(sum(math.exp(x) for x in fused)) - fused[label]
    return total / len(truth)


@pytest.mark.parametrize(("first", "second"), [(0.8, 0.6), (0.9, 0.7), (0.7, 0.7)])
def test_independent_votes_weigh_as_their_log_odds(first: float, second: float) -> None:
    # naive Bayes is exact here: a vote right with p is evidence of log(p / (1 - p))
    odds = [math.log(p / (1 - p)) for p in (first, second)]
    fitted = fit_weights(*_independent(first, second))
    expected = [value / sum(odds) for value in odds]
    assert list(fitted.weights.values()) == pytest.approx(expected, abs=0.005)
    assert math.isclose(sum(fitted.weights.values()), 1)
    assert (fitted.note == "") == (first != second)


def test_no_grid_point_does_better() -> None:
    rng = np.random.default_rng(3)
    truth = np.arange(60) % 2
    sign = 1 - 2 * truth
    margins = {
        name: (skill * sign + rng.normal(size=60)).tolist()
        for name, skill in (("rgb", 1.0), ("flow", 0.6), ("rgbdiff", 0.1))
    }
    logits = _logits(margins)
    fitted = fit_weights(logits, truth)
    shares = list(fitted.weights.values())
    best = min(_loss([s * x for x in shares], logits, truth) for s in np.arange(0.5, 8, 0.1))
    grid = [
        _loss([s * a / 5, s * b / 5, s * (5 - a - b) / 5], logits, truth)
        for a in range(6)
        for b in range(6 - a)
        for s in np.arange(0.5, 8, 0.5)
    ]
    assert best <= min(grid) + 1e-3


def test_a_stream_that_is_wrong_gets_no_weight() -> None:
    logits, truth = _independent(0.8, 0.3)
    assert fit_weights(logits, truth).weights == {"rgb": 1.0, "flow": 0.0}


@settings(max_examples=25)
@example(0.3125)
@given(scale=st.floats(0.01, 100))
def test_scaling_a_stream_divides_its_weight_only(scale: float) -> None:
    """Unless equal weights are then so near the best that no clips could tell them apart."""
    logits, truth = _independent(0.8, 0.6)
    plain = fit_weights(logits, truth).weights
    scaled = fit_weights(logits | {"flow": logits["flow"] * np.float32(scale)}, truth)
    wanted = plain["rgb"] / (plain["rgb"] + plain["flow"] / scale)
    assert bool(scaled.note) == (abs(wanted - 0.5) < 0.0223)  # a ten-thousandth of a nat
    assert scaled.weights["rgb"] == (0.5 if scaled.note else pytest.approx(wanted, abs=1e-5))


def test_streams_that_separate_all_clips_have_finite_weights() -> None:
    truth = np.arange(40) % 2
    sign = (1 - 2 * truth).astype(float)
    noise = np.random.default_rng(2).normal(size=40)
    fitted = fit_weights(_logits({"rgb": sign.tolist(), "flow": noise.tolist()}), truth)
    assert 0.9 < fitted.weights["rgb"] <= 1
    twice = fit_weights(_logits({"rgb": sign.tolist(), "flow": (3 * sign).tolist()}), truth)
    assert twice.weights["rgb"] == pytest.approx(0.75, abs=1e-3)


def test_identical_streams_are_a_tie() -> None:
    logits, truth = _independent(0.8, 0.6)
    fitted = fit_weights({"rgb": logits["rgb"], "flow": logits["rgb"]}, truth)
    assert fitted.weights == {"rgb": 0.5, "flow": 0.5}
    assert fitted.note.startswith("equal weights: no others do better")


def test_streams_without_any_skill_are_a_tie() -> None:
    fitted = fit_weights(*_independent(0.5, 0.5))
    assert fitted.weights == {"rgb": 0.5, "flow": 0.5}
    assert "no others do better" in fitted.note


@pytest.mark.parametrize("few", [0, 1, FEWEST - 1])
def test_too_few_clips_of_a_label_give_equal_weights(few: int) -> None:
    truth = np.array([0] * few + [1] * 50)
    margins = {"rgb": (1.0 - 2 * truth).tolist(), "flow": [0.3] * len(truth)}
    fitted = fit_weights(_logits(margins), truth)
    assert fitted.weights == {"rgb": 0.5, "flow": 0.5}
    assert f"validation has {few} clips of a label, fewer than {FEWEST}" in fitted.note


def test_the_usual_fusions_are_those_of_table_7() -> None:
    assert usual_fusions(["rgbdiff", "flow", "rgb"]) == [
        {"rgb": 1, "flow": 1},
        {"rgb": 1, "flow": 1.5},
        {"rgb": 1, "flow": 1, "rgbdiff": 1},
        {"rgb": 1, "flow": 1.5, "rgbdiff": 1},
    ]
    assert usual_fusions(["rgb", "rgbdiff"]) == [{"rgb": 1, "rgbdiff": 1}]
    assert usual_fusions(["rgb"]) == []


def test_streams_are_named_in_one_order() -> None:
    assert in_order({"b", "rgbdiff", "a", "flow", "rgb"}) == ["rgb", "flow", "rgbdiff", "a", "b"]
