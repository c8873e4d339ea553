"""Choosing thresholds on footage of one's own in which nobody falls.

In: predictions of it and a budget of false events. Out: ``FootageThresholds``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.operating_points import (
    OperatingPoint,
    hours_to_show,
    measured_at,
    presets,
    threshold_for_budget,
)
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig, Thresholds


@dataclass(frozen=True)
class Moment:
    """Something in the footage that was or would have been taken for a fall.

    Attributes:
        clip: Name of the video.
        start: Seconds.
        end: Seconds.
        score: Probability of its surest window.
        found: Whether it still is an event at the new thresholds.
    """

    clip: str
    start: float
    end: float
    score: float
    found: bool


@dataclass(frozen=True)
class FootageThresholds:
    """Thresholds, and what the footage says of them.

    Attributes:
        per_hour: The budget, false events an hour.
        videos: How many the footage has.
        before: The model's own thresholds on it.
        after: Those that keep the budget.
        sensitivity: The presets beside them.
        needed: Hours without an event that it takes to show the budget.
        moments: Events at the lower of both onsets, the surest first.
    """

    per_hour: float
    videos: int
    before: OperatingPoint
    after: OperatingPoint
    sensitivity: dict[str, Thresholds]
    needed: float
    moments: tuple[Moment, ...]

    @property
    def enough(self) -> bool:
        """Whether footage of this length can show that the budget is kept."""
        return self.after.hours >= self.needed


def thresholds_on_footage(
    predictions: Sequence[ClipPrediction], per_hour: float, own: EventConfig
) -> FootageThresholds:
    """Return the smallest onset that keeps a budget on this footage.

    Footage that is too short to show the budget may raise the model's own onset but not lower it:
    that nothing happened in a short time is no reason to ask for less evidence.

    Args:
        predictions: Of videos in which nobody falls.
        per_hour: The budget.
        own: The model's thresholds and durations.

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
