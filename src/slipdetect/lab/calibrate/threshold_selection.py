"""Choosing thresholds by how many false events an hour are acceptable on one's own footage.

In: predictions with their windows. Out: the smallest onset that keeps a budget; what footage of
one's own says of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError, UsageError
from slipdetect.lab import require
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig, Thresholds

LEVEL = 0.95
FACTORS = {"low": 0.25, "high": 4.0}  # of the budget of "balanced", by preset

_STEPS = 10_000  # thresholds have four digits; probabilities are kept with five

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class OperatingPoint:
    """Thresholds and what they did on footage in which nobody falls."""

    config: EventConfig  # the thresholds, with the durations they were chosen for
    events: int  # false events that were found
    hours: float  # length of the footage

    @property
    def per_hour(self) -> float:
        """False events an hour."""
        return self.events / self.hours

    @property
    def at_most(self) -> float:
        """False events an hour that the footage still allows for; see ``rate_bound``."""
        return rate_bound(self.events, self.hours)


@dataclass(frozen=True)
class Moment:
    """Something in the footage that was or would have been taken for a fall."""

    clip: str  # name of the video
    start: float  # seconds
    end: float  # seconds
    score: float  # highest probability of its windows
    found: bool  # whether it still is an event at the new thresholds


@dataclass(frozen=True)
class FootageThresholds:
    """Thresholds, and what the footage says of them."""

    per_hour: float  # the budget, false events an hour
    videos: int  # how many the footage has
    before: OperatingPoint  # the model's own thresholds on it
    after: OperatingPoint  # those that keep the budget
    sensitivity: dict[str, Thresholds]  # the presets around them
    needed: float  # hours without an event that it takes to show the budget
    moments: tuple[Moment, ...]  # events at the lower of both onsets, the highest score first

    @property
    def enough(self) -> bool:
        """Whether footage of this length can show that the budget is kept."""
        return self.after.hours >= self.needed


def rate_bound(events: int, hours: float) -> float:
    """Return the one-sided 95% upper bound of a rate: events an hour.

    The exact one of a Poisson count (Garwood, Biometrika 28, 1936). After h hours without an event
    it is 3 / h: a higher rate would have shown itself 95 times in a hundred.
    """
    return float(require("scipy.special").gammaincinv(events + 1, LEVEL)) / hours


def hours_to_show(per_hour: float) -> float:
    """Return the hours without a single event after which ``rate_bound`` is ``per_hour``."""
    return rate_bound(0, 1.0) / per_hour if per_hour > 0 else math.inf


def told_at_once(config: EventConfig) -> EventConfig:
    """Return event settings without who stays down: windows know of no people."""
    return replace(config, confirm_down=0.0)


def measured_at(predictions: Sequence[ClipPrediction], config: EventConfig) -> OperatingPoint:
    """Return what ``config`` does on those clips in which nobody falls.

    Raises:
        DataError: There is no such clip, or the windows of one were not kept.
    """
    quiet = _uneventful(predictions)
    hours = sum(item.seconds for item in quiet) / 3600
    return OperatingPoint(config, sum(len(item.at(config).events) for item in quiet), hours)


def threshold_for_budget(
    predictions: Sequence[ClipPrediction],
    per_hour: float,
    config: EventConfig,
    lowest: float = 0.0,
) -> OperatingPoint | None:
    """Return the smallest onset that keeps a budget of false events, and so does any larger one.

    A lower onset lets more windows begin an event, but may also join two events into one, so that
    the number of events may fall again further down. Such a place is not taken: thresholds are
    tried from 1 downwards until one breaks the budget, and none below the offset, where events
    grow together until all footage is a single one. A larger budget thus never has a higher
    threshold.

    Args:
        predictions: Of clips; only those in which nobody falls count.
        per_hour: The budget, at least 0.
        config: The offset and the durations, which are kept.
        lowest: Onsets below it are not tried either.

    Returns:
        The onset, rounded up to four digits; None if even an onset of 1 breaks the budget.

    Raises:
        DataError: There is no such clip, or the windows of one were not kept.
        UsageError: The budget is no number of at least 0.
    """
    if not (math.isfinite(per_hour) and per_hour >= 0):
        raise UsageError(f"a budget is at least 0 false events an hour, not {per_hour}")
    quiet = _uneventful(predictions)
    allowed = math.floor(per_hour * sum(item.seconds for item in quiet) / 3600 + 1e-9)
    onsets = _onsets(quiet, max(lowest, config.offset))
    best: float | None = None
    for onset, most in zip(onsets.tolist(), _crossings(quiet, onsets).tolist(), strict=True):
        # there are no more events than windows that reach the onset from below it
        if most > allowed:
            tried = replace(config, onset=onset)
            if measured_at(quiet, tried).events > allowed:
                break
        best = onset
    return None if best is None else measured_at(quiet, replace(config, onset=best))


def presets(
    predictions: Sequence[ClipPrediction], per_hour: float, balanced: EventConfig
) -> dict[str, Thresholds]:
    """Return the thresholds of ``low`` and ``high`` around those of ``balanced``.

    ``low`` is for a quarter of the budget, ``high`` for four times as much. One that this footage
    cannot tell from ``balanced`` is left out, and so is ``high`` where the footage is too short to
    show its budget; none ever lies on the wrong side of ``balanced``.
    """
    found = {}
    for name, factor in FACTORS.items():
        point = threshold_for_budget(predictions, factor * per_hour, balanced)
        if point is None or (name == "high" and point.hours < hours_to_show(factor * per_hour)):
            continue
        onset, other = point.config.onset, balanced.onset
        if onset > other if name == "low" else onset < other:
            found[name] = Thresholds(onset, point.config.offset)
    return found


def thresholds_on_footage(
    predictions: Sequence[ClipPrediction], per_hour: float, own: EventConfig
) -> FootageThresholds:
    """Return the smallest onset that keeps a budget on this footage.

    Footage that is too short to show the budget may raise the model's own onset but not lower it:
    that nothing happened in a short time is no reason to ask for less evidence.

    Raises:
        DataError: There is no footage, or it has more certain events than the budget allows.
        UsageError: The budget is no number of at least 0.
    """
    before = measured_at(predictions, own)
    needed = hours_to_show(per_hour)
    lowest = 0.0 if before.hours >= needed else own.onset
    after = threshold_for_budget(predictions, per_hour, own, lowest)
    if after is None:
        raise DataError(
            f"even an onset of 1 leaves more than {per_hour:.3g} false events an hour in "
            f"{before.hours:.2f} h; see what 'slipdetect detect' finds there, and leave out "
            "footage in which somebody falls"
        )
    return FootageThresholds(
        per_hour=per_hour,
        videos=len(predictions),
        before=before,
        after=after,
        sensitivity=presets(predictions, per_hour, after.config),
        needed=needed,
        moments=_moments(predictions, own, after.config),
    )


def _uneventful(predictions: Sequence[ClipPrediction]) -> list[ClipPrediction]:
    quiet = [item for item in predictions if not item.positive]
    if not sum(item.seconds for item in quiet) > 0:
        raise DataError(
            "there is no footage without a fall, so false events cannot be counted; add some"
        )
    return quiet


def _onsets(quiet: Sequence[ClipPrediction], lowest: float) -> Floats:
    """Return the onsets that differ in what they find, falling: each just above some window."""
    p = np.array([window[2] for item in quiet for window in item.windows], np.float64)
    above = (np.floor(p * _STEPS + 1e-6) + 1) / _STEPS
    tried = np.unique(np.concatenate([above, [lowest, 1.0]]))
    falling: Floats = tried[(tried >= lowest) & (tried <= 1.0)][::-1]
    return falling


def _crossings(quiet: Sequence[ClipPrediction], onsets: Floats) -> npt.NDArray[np.int64]:
    """Return for every onset how many windows reach it while the one before does not."""
    before, reached = [], []
    for item in quiet:
        p = np.array([-1.0, *(window[2] for window in item.windows)])
        rises = p[1:] > p[:-1]
        before.append(p[:-1][rises])
        reached.append(p[1:][rises])
    low, high = np.sort(np.concatenate(before)), np.sort(np.concatenate(reached))
    counts: npt.NDArray[np.int64] = np.searchsorted(low, onsets) - np.searchsorted(high, onsets)
    return counts


def _moments(
    predictions: Sequence[ClipPrediction], own: EventConfig, chosen: EventConfig
) -> tuple[Moment, ...]:
    lower = replace(own, onset=min(own.onset, chosen.onset))
    moments = []
    for item in predictions:
        left = item.at(chosen).events
        for start, end, score in item.at(lower).events:
            found = any(begin < end and start < stop for begin, stop, _ in left)
            moments.append(Moment(item.clip, start, end, score, found))
    return tuple(sorted(moments, key=lambda moment: (-moment.score, moment.clip, moment.start)))
