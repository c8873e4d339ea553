"""From a source to events: ``Detector``, and the streaming ``EventFinder`` it is built on.

The names load on first use, so that writing a result does not cost the networks' library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.detection.detector import Detector as Detector
    from slipdetect.detection.live import LiveDetection as LiveDetection
    from slipdetect.detection.live_notes import Found as Found
    from slipdetect.detection.live_notes import LiveNote as LiveNote
    from slipdetect.detection.live_notes import LiveSummary as LiveSummary
    from slipdetect.detection.live_notes import Onset as Onset
    from slipdetect.detection.loading import model_folder as model_folder
    from slipdetect.detection.loading import resolve_device as resolve_device
    from slipdetect.detection.profile import Stopwatch as Stopwatch
    from slipdetect.types import DetectionResult as DetectionResult
    from slipdetect.types import Event as Event
    from slipdetect.types import EventConfig as EventConfig
    from slipdetect.types import EventFinder as EventFinder
    from slipdetect.types import Profile as Profile
    from slipdetect.types import Stage as Stage
    from slipdetect.types import Window as Window

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.detection.detector": "Detector",
        "slipdetect.detection.live": "LiveDetection",
        "slipdetect.detection.live_notes": "Found LiveNote LiveSummary Onset",
        "slipdetect.detection.loading": "model_folder resolve_device",
        "slipdetect.detection.profile": "Stopwatch",
        "slipdetect.types": "DetectionResult Event EventConfig EventFinder Profile Stage Window",
    },
)
