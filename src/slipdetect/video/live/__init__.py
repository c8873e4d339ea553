"""Live sources: cameras, streams, pipes and growing files, connected anew where they break off.

In: what the user named. Out: ``LiveVideo``; the names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.video.live.live_video import LiveVideo as LiveVideo
    from slipdetect.video.live.newest_frames import Reconnected as Reconnected
    from slipdetect.video.live.newest_frames import Reconnecting as Reconnecting
    from slipdetect.video.live.newest_frames import Skipped as Skipped
    from slipdetect.video.live.newest_frames import Started as Started
    from slipdetect.video.live.newest_frames import VideoNote as VideoNote
    from slipdetect.video.live.sources import LiveSettings as LiveSettings
    from slipdetect.video.live.sources import LiveSource as LiveSource
    from slipdetect.video.live.sources import is_live as is_live
    from slipdetect.video.live.sources import live_source as live_source

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.video.live.live_video": "LiveVideo",
        "slipdetect.video.live.newest_frames": "Reconnected Reconnecting Skipped Started VideoNote",
        "slipdetect.video.live.sources": "LiveSettings LiveSource is_live live_source",
    },
)
