"""What other onset thresholds would have found and cried wolf at.

In: predictions with their windows. Out: a ``Point`` for every threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.event_matching import match, strays
from slipdetect.lab.evaluate.event_metrics import hits
from slipdetect.lab.evaluate.event_report import OVERLAPS
from slipdetect.lab.evaluate.predictions import ClipPrediction
from slipdetect.types import EventConfig

_STEPS = 48


@dataclass(frozen=True)
class Point:
    """What a threshold makes of the clips whose event times are known.

    Attributes:
        onset: The threshold.
        found: Found events.
        false: Those in clips without a fall.
        strays: Those in clips with a fall that touch no true event.
        hits: True events touched within half a second.
        pairs: Pairs of a found and a true event by the least tIoU of a pair.
    """

    onset: float
    found: int
    false: int
    strays: int
    hits: int
    pairs: dict[float, int]


@dataclass(frozen=True)
class Sweep:
    """Points of rising thresholds over the same clips.

    Attributes:
        points: At least one; the thresholds rise.
        own: Index of the point at the thresholds in force.
        events: True events.
        hours: Length of the clips without a fall.
    """

    points: tuple[Point, ...]
    own: int
    events: int
    hours: float


def sweep_onset(predictions: Sequence[ClipPrediction], config: EventConfig) -> Sweep:
    """Return what each onset threshold makes of ``predictions``; all else is as in ``config``.

    The offset threshold stays, except that it is never above the onset. Thresholds are those
    probabilities that as many clips each exceed, and that of ``config``.

    Args:
        predictions: With their windows; clips with a fall at an unknown time are not looked at.
        config: Thresholds and durations in force.

    Raises:
        DataError: Windows were not kept, or no clip has a known time.
    """
    items = [item for item in predictions if item.timed]
    if not items:
        raise DataError("no clip has event times, so that there is no curve to draw")
    if not all(item.windows for item in items):
        raise DataError(
            "these predictions were kept without their windows, so that other thresholds cannot be "
            "tried; run the model once more"
        )
    thresholds = _thresholds(items, config.onset)
    return Sweep(
        points=tuple(_point(items, config, onset) for onset in thresholds),
        own=thresholds.index(config.onset),
        events=sum(len(item.truth) for item in items),
        hours=sum(item.seconds for item in items if not item.positive) / 3600,
    )


def _thresholds(items: Sequence[ClipPrediction], own: float) -> list[float]:
    """Return thresholds between the least and the surest clip, some of them fixed."""
    scores = [max(probability for *_, probability in item.windows) for item in items]
    spread = np.quantile(scores, np.linspace(0, 1, _STEPS + 1)).round(5).tolist()
    return sorted({own, *spread})


def _point(items: Sequence[ClipPrediction], config: EventConfig, onset: float) -> Point:
    changed = config.updated({"onset": onset})
    again = [item.at(changed) for item in items]
    return Point(
        onset=onset,
        found=sum(len(item.events) for item in again),
        false=sum(len(item.events) for item in again if not item.positive),
        strays=sum(len(strays(item.events, item.truth)) for item in again if item.truth),
        hits=sum(sum(hits(item)) for item in again if item.truth),
        pairs={
            least: sum(len(match(item.events, item.truth, least)) for item in again)
            for least in OVERLAPS
        },
    )
