"""From a source to events: ``Detector``, its scorers, and live detection.

The names load on first use, so that writing a result does not cost the networks' library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.detection.detector import Detector, detect
    from slipdetect.detection.live import (
        EventFinal,
        EventStarted,
        LiveDetection,
        LiveEvent,
        LiveSummary,
    )
    from slipdetect.detection.loading import model_folder, resolve_device
    from slipdetect.detection.pipeline import RunState, Segment, WindowScorer
    from slipdetect.detection.scorer import TSNScorer
    from slipdetect.types import DetectionResult, Event, EventConfig, EventFinder, Window

_HOMES = {
    "DetectionResult": "slipdetect.types",
    "Detector": "slipdetect.detection.detector",
    "Event": "slipdetect.types",
    "EventConfig": "slipdetect.types",
    "EventFinal": "slipdetect.detection.live",
    "EventFinder": "slipdetect.types",
    "EventStarted": "slipdetect.detection.live",
    "LiveDetection": "slipdetect.detection.live",
    "LiveEvent": "slipdetect.detection.live",
    "LiveSummary": "slipdetect.detection.live",
    "RunState": "slipdetect.detection.pipeline",
    "Segment": "slipdetect.detection.pipeline",
    "TSNScorer": "slipdetect.detection.scorer",
    "Window": "slipdetect.types",
    "WindowScorer": "slipdetect.detection.pipeline",
    "detect": "slipdetect.detection.detector",
    "model_folder": "slipdetect.detection.loading",
    "resolve_device": "slipdetect.detection.loading",
}

__all__ = [
    "DetectionResult",
    "Detector",
    "Event",
    "EventConfig",
    "EventFinal",
    "EventFinder",
    "EventStarted",
    "LiveDetection",
    "LiveEvent",
    "LiveSummary",
    "RunState",
    "Segment",
    "TSNScorer",
    "Window",
    "WindowScorer",
    "detect",
    "model_folder",
    "resolve_device",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.detection' has no attribute {name!r}")
