"""From a source to events: ``Detector``, and the streaming ``EventFinder`` it is built on.

The names load on first use, so that writing a result does not cost the networks' library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.detection.detector import Detector
    from slipdetect.detection.live import LiveDetection
    from slipdetect.detection.live_notes import Found, LiveNote, LiveSummary, Onset
    from slipdetect.detection.loading import model_folder, resolve_device
    from slipdetect.detection.profile import Stopwatch
    from slipdetect.types import (
        DetectionResult,
        Event,
        EventConfig,
        EventFinder,
        Profile,
        Stage,
        Window,
    )

_HOMES = {
    "DetectionResult": "slipdetect.types",
    "Detector": "slipdetect.detection.detector",
    "Event": "slipdetect.types",
    "EventConfig": "slipdetect.types",
    "EventFinder": "slipdetect.types",
    "Found": "slipdetect.detection.live_notes",
    "LiveDetection": "slipdetect.detection.live",
    "LiveNote": "slipdetect.detection.live_notes",
    "LiveSummary": "slipdetect.detection.live_notes",
    "Onset": "slipdetect.detection.live_notes",
    "Profile": "slipdetect.types",
    "Stage": "slipdetect.types",
    "Stopwatch": "slipdetect.detection.profile",
    "Window": "slipdetect.types",
    "model_folder": "slipdetect.detection.loading",
    "resolve_device": "slipdetect.detection.loading",
}

__all__ = [
    "DetectionResult",
    "Detector",
    "Event",
    "EventConfig",
    "EventFinder",
    "Found",
    "LiveDetection",
    "LiveNote",
    "LiveSummary",
    "Onset",
    "Profile",
    "Stage",
    "Stopwatch",
    "Window",
    "model_folder",
    "resolve_device",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.detection' has no attribute {name!r}")
