"""Live sources: cameras, streams, pipes and growing files, connected anew where they break off.

In: what the user named. Out: ``LiveVideo``; the names load on first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.video.live.live_video import LiveVideo as LiveVideo
    from slipdetect.video.live.notes import Reconnected as Reconnected
    from slipdetect.video.live.notes import Reconnecting as Reconnecting
    from slipdetect.video.live.notes import Skipped as Skipped
    from slipdetect.video.live.notes import Started as Started
    from slipdetect.video.live.notes import VideoNote as VideoNote
    from slipdetect.video.live.settings import LiveSettings as LiveSettings
    from slipdetect.video.live.source import LiveSource as LiveSource
    from slipdetect.video.live.source import is_live as is_live
    from slipdetect.video.live.source import live_source as live_source

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.video.live.live_video": "LiveVideo",
        "slipdetect.video.live.notes": "Reconnected Reconnecting Skipped Started VideoNote",
        "slipdetect.video.live.settings": "LiveSettings",
        "slipdetect.video.live.source": "LiveSource is_live live_source",
    },
)
