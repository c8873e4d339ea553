"""Annotated clips: reading them, splitting them, keeping their frames, drawing windows.

The names load on first use, so that looking into a store does not cost a video library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.lab.data.annotations import Clip as Clip
    from slipdetect.lab.data.annotations import read_annotations as read_annotations
    from slipdetect.lab.data.frame_cache import FrameCache as FrameCache
    from slipdetect.lab.data.frame_cache import Sampling as Sampling
    from slipdetect.lab.data.splits import split_by_group as split_by_group
    from slipdetect.lab.data.windows import WindowRule as WindowRule

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.lab.data.annotations": "Clip read_annotations",
        "slipdetect.lab.data.frame_cache": "FrameCache Sampling",
        "slipdetect.lab.data.splits": "split_by_group",
        "slipdetect.lab.data.windows": "WindowRule",
    },
)
