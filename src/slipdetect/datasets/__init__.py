"""Annotated clips: reading them, splitting them, keeping their frames, drawing windows.

The names load on first use, so that looking into a store does not cost a video library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.datasets.annotations import Clip, read_annotations
    from slipdetect.datasets.frame_cache import FrameCache, Sampling
    from slipdetect.datasets.splits import split_by_group
    from slipdetect.datasets.windows import WindowRule

_HOMES = {
    "Clip": "slipdetect.datasets.annotations",
    "FrameCache": "slipdetect.datasets.frame_cache",
    "Sampling": "slipdetect.datasets.frame_cache",
    "WindowRule": "slipdetect.datasets.windows",
    "read_annotations": "slipdetect.datasets.annotations",
    "split_by_group": "slipdetect.datasets.splits",
}

__all__ = ["Clip", "FrameCache", "Sampling", "WindowRule", "read_annotations", "split_by_group"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.datasets' has no attribute {name!r}")
