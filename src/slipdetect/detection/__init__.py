"""From a source to events: ``Detector``, its scorers, and live detection; all load on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.detection.detector import Detector as Detector
    from slipdetect.detection.detector import detect as detect
    from slipdetect.detection.engines.torch_engine import resolve_device as resolve_device
    from slipdetect.detection.live import EventFinal as EventFinal
    from slipdetect.detection.live import EventStarted as EventStarted
    from slipdetect.detection.live import LiveDetection as LiveDetection
    from slipdetect.detection.live import LiveEvent as LiveEvent
    from slipdetect.detection.live import LiveSummary as LiveSummary
    from slipdetect.detection.live import StillDown as StillDown
    from slipdetect.detection.live import UpAgain as UpAgain
    from slipdetect.detection.loading import model_folder as model_folder
    from slipdetect.detection.pipeline import RunState as RunState
    from slipdetect.detection.pipeline import Segment as Segment
    from slipdetect.detection.pipeline import WindowScorer as WindowScorer
    from slipdetect.detection.scorer import TSNScorer as TSNScorer
    from slipdetect.types import DetectionResult as DetectionResult
    from slipdetect.types import Event as Event
    from slipdetect.types import EventConfig as EventConfig
    from slipdetect.types import EventFinder as EventFinder
    from slipdetect.types import Window as Window

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.detection.detector": "Detector detect",
        "slipdetect.detection.live": "EventFinal EventStarted LiveDetection LiveEvent LiveSummary "
        "StillDown UpAgain",
        "slipdetect.detection.engines.torch_engine": "resolve_device",
        "slipdetect.detection.loading": "model_folder",
        "slipdetect.detection.pipeline": "RunState Segment WindowScorer",
        "slipdetect.detection.scorer": "TSNScorer",
        "slipdetect.types": "DetectionResult Event EventConfig EventFinder Window",
    },
)
