"""Find people slipping and falling in video: when, for how long, how surely.

The public names load on first use, so that importing the package costs neither torch nor OpenCV.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names
from slipdetect._version import __version__ as __version__

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec as BackboneSpec
    from slipdetect.backbones import create_backbone as create_backbone
    from slipdetect.backbones import list_backbones as list_backbones
    from slipdetect.detection import Detector as Detector
    from slipdetect.detection import Segment as Segment
    from slipdetect.detection import WindowScorer as WindowScorer
    from slipdetect.detection import detect as detect
    from slipdetect.errors import SlipdetectError as SlipdetectError
    from slipdetect.flow import FlowExtractor as FlowExtractor
    from slipdetect.models import TSN as TSN
    from slipdetect.models import Consensus as Consensus
    from slipdetect.models import LateFusion as LateFusion
    from slipdetect.types import Calibration as Calibration
    from slipdetect.types import DetectionResult as DetectionResult
    from slipdetect.types import Event as Event
    from slipdetect.types import EventConfig as EventConfig
    from slipdetect.types import Frame as Frame
    from slipdetect.types import Window as Window
    from slipdetect.types import Zone as Zone
    from slipdetect.types import Zones as Zones
    from slipdetect.video import open_video as open_video

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.backbones": "BackboneSpec create_backbone list_backbones",
        "slipdetect.detection": "Detector Segment WindowScorer detect",
        "slipdetect.errors": "SlipdetectError",
        "slipdetect.flow": "FlowExtractor",
        "slipdetect.models": "Consensus LateFusion TSN",
        "slipdetect.types": "Calibration DetectionResult Event EventConfig Frame Window Zone Zones",
        "slipdetect.video": "open_video",
    },
)
__all__ += ["__version__"]
