"""From a source to events: ``Detector``, and the streaming ``EventFinder`` it is built on."""

from slipdetect.detection.detector import Detector
from slipdetect.detection.events import EventConfig, EventFinder
from slipdetect.detection.live import LiveDetection
from slipdetect.detection.live_notes import Found, LiveNote, LiveSummary, Onset
from slipdetect.detection.loading import model_folder, resolve_device
from slipdetect.detection.results import DetectionResult, Event, Window

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
    "Window",
    "model_folder",
    "resolve_device",
]
