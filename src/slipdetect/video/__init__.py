"""Videos as RGB frames with times in seconds; the only room that knows about codecs.

In: files. Out: ``open_video`` with ``Frame``s and a report, ``find_videos``, ``write_video``; the
names load on first use, so that finding files does not cost a video library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.video.frame import DecodeReport, Frame, FrameTransform, VideoInfo
    from slipdetect.video.opening import VIDEO_SUFFIXES, find_videos
    from slipdetect.video.options import SourceOptions, VideoOptions
    from slipdetect.video.reader import DEFAULT_MAX_PIXELS, open_video
    from slipdetect.video.recompress import recompressed
    from slipdetect.video.stored_pictures import recorded_bytes
    from slipdetect.video.video import Video, frames_on_grid
    from slipdetect.video.views import Recording, View, show
    from slipdetect.video.writer import timed_video, write_timed_video, write_video

_HOMES = {
    "DEFAULT_MAX_PIXELS": "slipdetect.video.reader",
    "DecodeReport": "slipdetect.video.frame",
    "Frame": "slipdetect.video.frame",
    "FrameTransform": "slipdetect.video.frame",
    "SourceOptions": "slipdetect.video.options",
    "VIDEO_SUFFIXES": "slipdetect.video.opening",
    "Recording": "slipdetect.video.views",
    "Video": "slipdetect.video.video",
    "VideoInfo": "slipdetect.video.frame",
    "VideoOptions": "slipdetect.video.options",
    "View": "slipdetect.video.views",
    "find_videos": "slipdetect.video.opening",
    "frames_on_grid": "slipdetect.video.video",
    "open_video": "slipdetect.video.reader",
    "recorded_bytes": "slipdetect.video.stored_pictures",
    "recompressed": "slipdetect.video.recompress",
    "show": "slipdetect.video.views",
    "timed_video": "slipdetect.video.writer",
    "write_timed_video": "slipdetect.video.writer",
    "write_video": "slipdetect.video.writer",
}

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "VIDEO_SUFFIXES",
    "DecodeReport",
    "Frame",
    "FrameTransform",
    "Recording",
    "SourceOptions",
    "Video",
    "VideoInfo",
    "VideoOptions",
    "View",
    "find_videos",
    "frames_on_grid",
    "open_video",
    "recompressed",
    "recorded_bytes",
    "show",
    "timed_video",
    "write_timed_video",
    "write_video",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'slipdetect.video' has no attribute {name!r}")
