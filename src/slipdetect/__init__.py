"""Find people slipping and falling in video: when, for how long, how surely.

The public names load on first use, so that importing the package costs neither torch nor OpenCV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from slipdetect._version import __version__

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec, create_backbone, list_backbones
    from slipdetect.detection import Detector, Segment, WindowScorer, detect
    from slipdetect.errors import SlipdetectError
    from slipdetect.flow import FlowExtractor
    from slipdetect.models import TSN, Consensus, LateFusion
    from slipdetect.types import Calibration, DetectionResult, Event, EventConfig, Frame, Window
    from slipdetect.video import open_video

_HOMES = {
    "BackboneSpec": "slipdetect.backbones",
    "Calibration": "slipdetect.types",
    "Consensus": "slipdetect.models",
    "DetectionResult": "slipdetect.types",
    "Detector": "slipdetect.detection",
    "Event": "slipdetect.types",
    "EventConfig": "slipdetect.types",
    "FlowExtractor": "slipdetect.flow",
    "Frame": "slipdetect.types",
    "LateFusion": "slipdetect.models",
    "Segment": "slipdetect.detection",
    "SlipdetectError": "slipdetect.errors",
    "TSN": "slipdetect.models",
    "Window": "slipdetect.types",
    "WindowScorer": "slipdetect.detection",
    "create_backbone": "slipdetect.backbones",
    "detect": "slipdetect.detection",
    "list_backbones": "slipdetect.backbones",
    "open_video": "slipdetect.video",
}

__all__ = [
    "TSN",
    "BackboneSpec",
    "Calibration",
    "Consensus",
    "DetectionResult",
    "Detector",
    "Event",
    "EventConfig",
    "FlowExtractor",
    "Frame",
    "LateFusion",
    "Segment",
    "SlipdetectError",
    "Window",
    "WindowScorer",
    "__version__",
    "create_backbone",
    "detect",
    "list_backbones",
    "open_video",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
