"""Predictions made by hand, with the windows that lead to their events.

In: probabilities and true events. Out: ``ClipPrediction``s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slipdetect.detection import EventConfig
from slipdetect.lab.evaluate.predictions import ClipPrediction

STEP, LENGTH = 0.5, 1.0  # seconds from one window to the next, and of each
CONFIG = EventConfig(onset=0.5, offset=0.3, min_duration_off=0.0)


def predicted(
    probabilities: Sequence[float],
    truth: Sequence[tuple[float, float]] | None = (),
    config: EventConfig = CONFIG,
    **changes: Any,
) -> ClipPrediction:
    """Return a prediction whose window k lasts from k / 2 to k / 2 + 1 seconds.

    The borders between windows lie at 0, 0.75, 1.25, 1.75, ...; ``truth`` None: somebody falls at
    an unknown time.
    """
    windows = tuple((k * STEP, k * STEP + LENGTH, p) for k, p in enumerate(probabilities))
    values: dict[str, Any] = {
        "clip": "a.mp4",
        "dataset": "x",
        "positive": truth is None or len(truth) > 0,
        "truth": tuple(truth or ()),
        "seconds": windows[-1][1],
        "score": max(probabilities),
        "events": (),
        "windows": windows,
    }
    return ClipPrediction(**{**values, **changes}).at(config)


def found(
    events: Sequence[tuple[float, float, float]],
    truth: Sequence[tuple[float, float]] | None = (),
    **changes: Any,
) -> ClipPrediction:
    """Return a prediction with ``events`` as they are, and no windows, of a clip of 36 s."""
    values: dict[str, Any] = {
        "clip": "a.mp4",
        "dataset": "x",
        "positive": truth is None or len(truth) > 0,
        "truth": tuple(truth or ()),
        "seconds": 36.0,
        "score": max((score for *_, score in events), default=0.1),
        "events": tuple(events),
    }
    return ClipPrediction(**{**values, **changes})
