"""Videos as RGB frames with times in seconds; the only room that knows about codecs.

In: files. Out: ``open_video`` with ``Frame``s and a report, ``find_videos``, ``write_video``.
"""

from __future__ import annotations

from slipdetect.video.frame import DecodeReport, Frame, VideoInfo
from slipdetect.video.reader import DEFAULT_MAX_PIXELS, Video, open_video
from slipdetect.video.sources import VIDEO_SUFFIXES, find_videos
from slipdetect.video.writer import write_video

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "VIDEO_SUFFIXES",
    "DecodeReport",
    "Frame",
    "Video",
    "VideoInfo",
    "find_videos",
    "open_video",
    "write_video",
]
