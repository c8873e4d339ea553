"""Fitting temperature, bias and presets on labeled clips, and measuring what that gains.

In: predictions of a model without calibration. Out: ``Calibration``, ``Refit``, ``ModelConfig``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab import require
from slipdetect.lab.calibrate.reliability import Binning, Reliability, losses, reliability
from slipdetect.lab.calibrate.threshold_selection import measured_at, presets, told_at_once
from slipdetect.lab.data import Clip
from slipdetect.lab.data.windows import WindowRule
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.lab.stats.intervals import FEWEST_GROUPS, Interval, bootstrap_interval
from slipdetect.lab.stats.resampling import GroupResampler, fewer_groups
from slipdetect.models import ModelConfig
from slipdetect.types import Calibration
from slipdetect.types.events import log_odds

linear_model = require("sklearn.linear_model")
model_selection = require("sklearn.model_selection")

FOLDS = 5
RESAMPLES = 1000
_FEWEST = 10  # windows of either label; fewer say too little
_LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class LabeledWindows:
    """Windows whose label is known."""

    probabilities: npt.NDArray[np.float64]  # ``(n,)`` float64, 0 to 1
    positive: npt.NDArray[np.bool_]  # ``(n,)``, whether the window shows a fall
    groups: tuple[str, ...]  # group of the clip of each


@dataclass(frozen=True)
class Refit:
    """A calibration, and what windows of groups that it was not fitted on say of it."""

    calibration: Calibration  # fitted on all windows
    before: Reliability  # of the earlier calibration
    # of calibrations that were each fitted without the groups they are measured on
    after: Reliability
    # 95% interval of how much the log loss falls from before to after, by resampling groups; None
    # with fewer than five groups of a label
    gain: Interval | None
    folds: int  # how many these were
    groups: int  # groups of clips


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

    The bias is fitted with it and then left to the calibration after fusion. A stream that tells
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
    fitted = linear_model.LogisticRegression(class_weight="balanced").fit(odds, labels)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def recalibrate(
    config: ModelConfig, predictions: Sequence[ClipPrediction], binning: Binning = "mass"
) -> tuple[ModelConfig, Refit]:
    """Refit temperature and bias, and presets around the model's own thresholds.

    Returns:
        The new configuration, and what the fit is worth. Without a clip in which nobody falls it
        has no presets.

    Raises:
        DataError: As for ``refit``.
    """
    windows = labeled_windows(predictions, WindowRule(window=config.window))
    found = refit(windows, config.window_calibration, binning)
    made = [recalibrated(item, found.calibration) for item in predictions]
    own = told_at_once(config.events)
    quiet = any(not item.positive for item in made)
    sensitivity = presets(made, measured_at(made, own).per_hour, own) if quiet else {}
    made_new = config.with_window_calibration(found.calibration)
    return replace(made_new, sensitivity=sensitivity), found


def labeled_windows(
    predictions: Sequence[ClipPrediction], rule: WindowRule | None = None
) -> LabeledWindows:
    """Return the windows that training would draw: on an event, or clear of all events.

    Windows near an event, and all of a fall whose time is not known, have no label. ``rule`` says
    where windows of either label are centered; None: as in the recipes.
    """
    rule = WindowRule() if rule is None else rule
    probabilities, labels, groups = [], [], []
    for item in predictions:
        clip = Clip(Path(item.clip), item.positive, item.truth)
        if not clip.timed:
            continue
        falls = rule.positive_ranges(clip, item.seconds)
        others = rule.negative_ranges(clip, item.seconds)
        for start, end, probability in item.windows:
            inside = [_within((start + end) / 2, ranges) for ranges in (falls, others)]
            if inside[0] != inside[1]:
                probabilities.append(probability)
                labels.append(inside[0])
                groups.append(item.group or item.clip)
    return LabeledWindows(np.array(probabilities), np.array(labels, bool), tuple(groups))


def refit(windows: LabeledWindows, before: Calibration, binning: Binning = "mass") -> Refit:
    """Fit a calibration and measure it on groups that took no part.

    The groups are dealt into five folds; the windows of each are judged by a calibration fitted on
    the other four. What is returned is fitted on all of them, and is no worse for that.

    Raises:
        DataError: Too few windows or groups, or probabilities that do not rise with the label.
    """
    p, labels = windows.probabilities, windows.positive
    groups = len(set(windows.groups))
    falls = int(labels.sum())
    if min(falls, len(labels) - falls) < _FEWEST or groups < 2:
        raise DataError(
            f"the clips have {falls} windows that show a fall and {len(labels) - falls} that show "
            f"none, in {groups} groups; fitting needs {_FEWEST} of each and two groups"
        )
    found = fit_calibration(p.tolist(), labels.tolist())
    if found == Calibration():
        raise DataError(
            "the probabilities do not rise with the label, so no calibration can help; check the "
            "labels, or train the model on more clips"
        )
    had = before.apply(p)
    after, folds = _judged_by_others(windows)
    return Refit(
        calibration=found,
        before=reliability(had, labels, binning=binning, balanced=True),
        after=reliability(after, labels, binning=binning, balanced=True),
        gain=_gain(windows, losses(had, labels) - losses(after, labels)),
        folds=folds,
        groups=groups,
    )


def recalibrated(prediction: ClipPrediction, calibration: Calibration) -> ClipPrediction:
    """Return a prediction with calibrated windows; its events are to be found again by ``at``."""
    raw = [window[2] for window in prediction.windows]
    made = [round(p, 5) for p in calibration.apply(raw).tolist()]
    return replace(
        prediction,
        windows=tuple((w[0], w[1], p) for w, p in zip(prediction.windows, made, strict=True)),
        score=round(max(made), 4),
    )


def _judged_by_others(windows: LabeledWindows) -> tuple[npt.NDArray[np.float64], int]:
    """Return for every window what a calibration without its group says, and the folds."""
    p, labels = windows.probabilities, windows.positive
    made = np.empty_like(p)
    folds = min(FOLDS, len(set(windows.groups)))
    # groups that bring falls are spread over the folds like those that do not
    parts = model_selection.StratifiedGroupKFold(folds, shuffle=True, random_state=0)
    for learned, held_out in parts.split(p, labels, windows.groups):
        fitted = fit_calibration(p[learned].tolist(), labels[learned].tolist())
        made[held_out] = fitted.apply(p[held_out])
    return made, folds


def _gain(windows: LabeledWindows, gained: npt.NDArray[np.float64]) -> Interval | None:
    """Return the interval of the mean of ``gained`` (n,), both labels weighed alike."""
    labels, groups = windows.positive, windows.groups
    fewest = fewer_groups(groups, labels)
    if fewest < FEWEST_GROUPS:
        return None
    means = [
        (weights[:, labels] @ gained[labels]) / weights[:, labels].sum(axis=1) / 2
        + (weights[:, ~labels] @ gained[~labels]) / weights[:, ~labels].sum(axis=1) / 2
        for weights in GroupResampler(groups, labels, RESAMPLES, seed=0).with_all()
    ]
    value, *resampled = np.concatenate(means)
    return bootstrap_interval(float(value), np.array(resampled), fewest)


def _within(time: float, ranges: Sequence[tuple[float, float]]) -> bool:
    return any(low - 1e-9 <= time <= high + 1e-9 for low, high in ranges)
