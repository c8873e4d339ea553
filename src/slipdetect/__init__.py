"""Find people slipping and falling in video: when, for how long, how surely.

The public names load on first use, so that importing the package costs neither torch nor OpenCV.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec, create_backbone, list_backbones
    from slipdetect.detection import Detector
    from slipdetect.flow import FlowExtractor
    from slipdetect.models import TSN, Consensus, LateFusion

__version__ = "0.1.0"

_HOMES = {
    "BackboneSpec": "slipdetect.backbones",
    "Consensus": "slipdetect.models",
    "Detector": "slipdetect.detection",
    "FlowExtractor": "slipdetect.flow",
    "LateFusion": "slipdetect.models",
    "TSN": "slipdetect.models",
    "create_backbone": "slipdetect.backbones",
    "list_backbones": "slipdetect.backbones",
}

__all__ = [
    "TSN",
    "BackboneSpec",
    "Consensus",
    "Detector",
    "FlowExtractor",
    "LateFusion",
    "__version__",
    "create_backbone",
    "list_backbones",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
