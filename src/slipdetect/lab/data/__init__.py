"""Annotated clips: reading them, splitting them, keeping their frames, drawing windows.

The names load on first use, so that looking into a store does not cost a video library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.lab.data.annotations import Clip, read_annotations
    from slipdetect.lab.data.frame_cache import FrameCache, Sampling
    from slipdetect.lab.data.splits import split_by_group
    from slipdetect.lab.data.windows import WindowRule

_HOMES = {
    "Clip": "slipdetect.lab.data.annotations",
    "FrameCache": "slipdetect.lab.data.frame_cache",
    "Sampling": "slipdetect.lab.data.frame_cache",
    "WindowRule": "slipdetect.lab.data.windows",
    "read_annotations": "slipdetect.lab.data.annotations",
    "split_by_group": "slipdetect.lab.data.splits",
}

__all__ = ["Clip", "FrameCache", "Sampling", "WindowRule", "read_annotations", "split_by_group"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.lab.data' has no attribute {name!r}")
