"""Refitting: which windows have a label, and figures of groups that took no part.

In: made-up predictions. Out: calibrations and their reliability.
"""

from __future__ import annotations

import numpy as np
import pytest

from slipdetect.errors import DataError
from slipdetect.lab.calibrate.fitting import (
    LabeledWindows,
    fit_calibration,
    labeled_windows,
    recalibrated,
    refit,
)
from slipdetect.lab.calibrate.reliability import reliability
from slipdetect.lab.data.windows import WindowRule
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import Calibration

RULE = WindowRule(window=1.0, event_cap=1.5, clearance=0.7)


def prediction(
    positive: bool, truth: tuple[tuple[float, float], ...], centers: list[float], group: str = "g"
) -> ClipPrediction:
    """Return a clip of 10 s whose window around ``t`` has the probability ``t / 10``."""
    windows = tuple((t - 0.5, t + 0.5, t / 10) for t in centers)
    return ClipPrediction(
        "a.mp4", "own", positive, truth, 10.0, 0.9, (), group=group, windows=windows
    )


def test_labels_are_those_that_training_would_give() -> None:
    """The event of 4 to 8 s counts until 5.5 s; other windows keep 0.7 s from all of it."""
    centers = [0.4, 1.0, 3.2, 3.5, 4.0, 5.5, 5.6, 7.9, 8.8, 9.9]
    found = labeled_windows([prediction(True, ((4.0, 8.0),), centers)], RULE)
    assert found.probabilities.tolist() == pytest.approx([0.1, 0.32, 0.4, 0.55, 0.88])
    assert found.positive.tolist() == [False, False, True, True, False]
    assert found.groups == ("g",) * 5


def test_falls_without_times_say_nothing_and_other_clips_are_without_falls() -> None:
    found = labeled_windows(
        [prediction(True, (), [2.0, 5.0]), prediction(False, (), [2.0, 9.9], group="")], RULE
    )
    assert found.positive.tolist() == [False]
    assert found.groups == ("a.mp4",)


def drawn(groups: int, each: int, too_sure: float) -> LabeledWindows:
    """Return windows whose log-odds are ``too_sure`` times what they should be."""
    rng = np.random.default_rng(2)
    falls = rng.random(groups * each) < 0.3
    odds = rng.normal(np.where(falls, 1, -1), 1.4) * 2 / 1.4**2
    names = tuple(f"g{index // each}" for index in range(groups * each))
    return LabeledWindows(1 / (1 + np.exp(-too_sure * odds)), falls, names)


def test_a_model_that_is_too_sure_is_mended_on_groups_it_was_not_fitted_on() -> None:
    windows = drawn(20, 100, 3.0)
    found = refit(windows, Calibration())
    assert found.calibration.temperature == pytest.approx(3.0, rel=0.15)
    assert (found.folds, found.groups) == (5, 20)
    assert found.before.error > 0.1
    assert found.after.error < 0.05
    assert found.after.log_loss < found.before.log_loss
    assert found.before.count == found.after.count == 2000
    assert found.gain.low < found.before.log_loss - found.after.log_loss < found.gain.high
    assert found.gain.low > 0
    own = reliability(windows.probabilities, windows.positive, balanced=True)
    assert found.before == own


def test_no_group_is_judged_by_a_calibration_that_saw_it() -> None:
    """With two groups, each is judged by the calibration of the other."""
    windows = drawn(2, 60, 2.0)
    first = np.array([name == "g0" for name in windows.groups])
    p, labels = windows.probabilities, windows.positive
    said = np.empty_like(p)
    for part in (first, ~first):
        said[part] = fit_calibration(p[~part].tolist(), labels[~part].tolist()).apply(p[part])
    found = refit(windows, Calibration())
    assert (found.folds, found.gain) == (2, None)
    assert found.after == reliability(said, labels, balanced=True)


def test_a_calibration_that_was_right_gains_nothing_that_is_sure() -> None:
    found = refit(drawn(20, 100, 1.0), Calibration())
    assert found.gain.low < 0 or found.gain.low == pytest.approx(0, abs=0.01)
    assert found.gain.high < 0.05


def test_what_the_model_had_is_the_before() -> None:
    windows = drawn(10, 60, 1.0)
    had = Calibration(4.0, 1.0)
    found = refit(windows, had)
    before = reliability(had.apply(windows.probabilities), windows.positive, balanced=True)
    assert found.before == before


def test_too_little_to_fit_on_is_refused() -> None:
    few = LabeledWindows(np.full(50, 0.5), np.arange(50) < 9, ("a", "b") * 25)
    with pytest.raises(DataError, match="9 windows that show a fall and 41"):
        refit(few, Calibration())
    one = LabeledWindows(np.full(50, 0.5), np.arange(50) < 20, ("a",) * 50)
    with pytest.raises(DataError, match="in 1 groups"):
        refit(one, Calibration())
    labels = np.arange(50) < 20
    contrary = LabeledWindows(np.where(labels, 0.1, 0.9), labels, ("a", "b") * 25)
    with pytest.raises(DataError, match="do not rise"):
        refit(contrary, Calibration())


def test_recalibrated_windows_keep_their_times_and_order() -> None:
    clip = prediction(False, (), [2.0, 5.0, 9.0])
    found = recalibrated(clip, Calibration(2.0, -1.0))
    odds = [np.log(p / (1 - p)) / 2 - 1 for p in (0.2, 0.5, 0.9)]
    expected = [1 / (1 + np.exp(-value)) for value in odds]
    assert [w[2] for w in found.windows] == pytest.approx(expected, abs=1e-5)
    assert [w[:2] for w in found.windows] == [w[:2] for w in clip.windows]
    assert found.score == pytest.approx(expected[2], abs=1e-4)
