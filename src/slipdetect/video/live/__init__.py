"""Live sources: cameras, streams, pipes and growing files, connected anew where they break off.

In: what the user named. Out: ``LiveVideo``; the names load on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.video.live.live_video import LiveVideo
    from slipdetect.video.live.newest_frames import (
        Reconnected,
        Reconnecting,
        Skipped,
        Started,
        VideoNote,
    )
    from slipdetect.video.live.sources import LiveSettings, LiveSource, is_live, live_source

_HOMES = {
    "LiveSettings": "slipdetect.video.live.sources",
    "LiveSource": "slipdetect.video.live.sources",
    "LiveVideo": "slipdetect.video.live.live_video",
    "Reconnected": "slipdetect.video.live.newest_frames",
    "Reconnecting": "slipdetect.video.live.newest_frames",
    "Skipped": "slipdetect.video.live.newest_frames",
    "Started": "slipdetect.video.live.newest_frames",
    "VideoNote": "slipdetect.video.live.newest_frames",
    "is_live": "slipdetect.video.live.sources",
    "live_source": "slipdetect.video.live.sources",
}

__all__ = [
    "LiveSettings",
    "LiveSource",
    "LiveVideo",
    "Reconnected",
    "Reconnecting",
    "Skipped",
    "Started",
    "VideoNote",
    "is_live",
    "live_source",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.video.live' has no attribute {name!r}")
