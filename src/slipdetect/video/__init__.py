"""Videos as RGB frames with times in seconds; the only room that knows about codecs.

The names load on first use, so that finding files does not cost a video library.

In: files. Out: ``open_video`` with ``Frame``s and a report, ``find_videos``, ``write_video``; the
names load on first use, so that finding files does not cost a video library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.video.finding import VIDEO_SUFFIXES as VIDEO_SUFFIXES
    from slipdetect.video.finding import find_videos as find_videos
    from slipdetect.video.frame import Change as Change
    from slipdetect.video.frame import DecodeReport as DecodeReport
    from slipdetect.video.frame import Frame as Frame
    from slipdetect.video.frame import FrameTransform as FrameTransform
    from slipdetect.video.frame import Gap as Gap
    from slipdetect.video.frame import Join as Join
    from slipdetect.video.frame import Moment as Moment
    from slipdetect.video.frame import Piece as Piece
    from slipdetect.video.frame import SourceOptions as SourceOptions
    from slipdetect.video.frame import VideoInfo as VideoInfo
    from slipdetect.video.frame import VideoOptions as VideoOptions
    from slipdetect.video.grid import frames_on_grid as frames_on_grid
    from slipdetect.video.grid import split_at_gaps as split_at_gaps
    from slipdetect.video.reader import DEFAULT_MAX_PIXELS as DEFAULT_MAX_PIXELS
    from slipdetect.video.reader import open_video as open_video
    from slipdetect.video.reader import recorded_bytes as recorded_bytes
    from slipdetect.video.video import Video as Video
    from slipdetect.video.views import Recording as Recording
    from slipdetect.video.views import View as View
    from slipdetect.video.views import show as show
    from slipdetect.video.writer import timed_video as timed_video
    from slipdetect.video.writer import write_timed_video as write_timed_video
    from slipdetect.video.writer import write_video as write_video

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.video.finding": "VIDEO_SUFFIXES find_videos",
        "slipdetect.video.frame": "Change DecodeReport Frame FrameTransform Gap Join Moment Piece "
        "SourceOptions VideoInfo VideoOptions",
        "slipdetect.video.reader": "DEFAULT_MAX_PIXELS open_video recorded_bytes",
        "slipdetect.video.grid": "frames_on_grid split_at_gaps",
        "slipdetect.video.video": "Video",
        "slipdetect.video.views": "Recording View show",
        "slipdetect.video.writer": "timed_video write_timed_video write_video",
    },
)
