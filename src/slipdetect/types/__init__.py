"""The words that every other room uses, classes that check themselves; it loads no library.

In: nothing but numbers and texts. Out: small frozen classes that check themselves; what they can
do alone (finding events anew, calibrating, JSON, tables) is here too. It loads no library.
"""

from __future__ import annotations

from slipdetect.types.event_finder import EventFinder, find_events
from slipdetect.types.events import Calibration, Event, EventConfig, Thresholds, Window
from slipdetect.types.person import Person, Sighting
from slipdetect.types.result import DetectionResult, Profile, Stage
from slipdetect.types.zones import View, Zone, Zones
from slipdetect.video.frame import DecodeReport, Frame, VideoInfo

__all__ = [
    "Calibration",
    "DecodeReport",
    "DetectionResult",
    "Event",
    "EventConfig",
    "EventFinder",
    "Frame",
    "Person",
    "Profile",
    "Sighting",
    "Stage",
    "Thresholds",
    "VideoInfo",
    "View",
    "Window",
    "Zone",
    "Zones",
    "find_events",
]
