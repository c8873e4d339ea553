"""From a source to events: ``Detector``, and the streaming ``EventFinder`` it is built on."""

from slipdetect.detection.detector import Detector
from slipdetect.detection.events import EventConfig, EventFinder
from slipdetect.detection.loading import model_folder, resolve_device
from slipdetect.detection.profile import Profile, Stage, Stopwatch
from slipdetect.detection.results import DetectionResult, Event, Window

__all__ = [
    "DetectionResult",
    "Detector",
    "Event",
    "EventConfig",
    "EventFinder",
    "Profile",
    "Stage",
    "Stopwatch",
    "Window",
    "model_folder",
    "resolve_device",
]
