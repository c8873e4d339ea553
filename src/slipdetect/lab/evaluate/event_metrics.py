"""What users feel of a detector: falls it finds, and how often it cries wolf.

In: predictions of annotated clips. Out: recall of events and false events per minute.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from slipdetect.lab.evaluate.clip_metrics import area_under_curve, auc_interval
from slipdetect.lab.evaluate.event_matching import touching
from slipdetect.lab.evaluate.predictions import ClipPrediction


@dataclass(frozen=True)
class Summary:
    """Figures of one set of clips; each is None where the set cannot tell.

    Attributes:
        positives: Clips with a fall.
        negatives: Clips without.
        auc: Area under the ROC curve of clip scores.
        auc_interval: Its 95% bootstrap interval over clips.
        found: True events that overlap a found one (within 0.5 s); in positive clips without
            event times, clips with any event.
        events: True events, or positive clips without event times.
        false_events: Events found in clips without a fall.
        negative_minutes: Length of those clips.
        onset_error: Median of found minus true onset, seconds; positive is late.
    """

    positives: int
    negatives: int
    auc: float | None
    auc_interval: tuple[float, float] | None
    found: int
    events: int
    false_events: int
    negative_minutes: float
    onset_error: float | None

    @property
    def recall(self) -> float | None:
        """Share of true events found."""
        return self.found / self.events if self.events else None

    @property
    def false_per_minute(self) -> float | None:
        """False events per minute of footage without a fall."""
        return self.false_events / self.negative_minutes if self.negative_minutes > 0 else None

    @property
    def false_per_clip(self) -> float | None:
        """False events per clip without a fall."""
        return self.false_events / self.negatives if self.negatives else None


def summarize(predictions: Sequence[ClipPrediction]) -> Summary:
    """Return the figures of ``predictions``."""
    labels = [item.positive for item in predictions]
    scores = [item.score for item in predictions]
    found = [hit for item in predictions if item.positive for hit in hits(item)]
    negative = [item for item in predictions if not item.positive]
    return Summary(
        positives=sum(labels),
        negatives=len(negative),
        auc=area_under_curve(labels, scores),
        auc_interval=auc_interval(labels, scores),
        found=sum(found),
        events=len(found),
        false_events=sum(len(item.events) for item in negative),
        negative_minutes=sum(item.seconds for item in negative) / 60,
        onset_error=_median(
            [error for item in predictions if item.positive for error in onset_errors(item)]
        ),
    )


def hits(prediction: ClipPrediction) -> list[bool]:
    """Return for every true event of a positive clip whether it was found."""
    if not prediction.truth:
        return [bool(prediction.events)]
    return [bool(touching(prediction.events, event)) for event in prediction.truth]


def onset_errors(prediction: ClipPrediction) -> list[float]:
    """Return found minus true onset (seconds) of every true event found, by its first match."""
    matches = [(event, touching(prediction.events, event)) for event in prediction.truth]
    return [found[0][0] - event[0] for event, found in matches if found]


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None
