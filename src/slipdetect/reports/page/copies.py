"""Copies of videos for the page's player, where browsers do not know the format.

In: a video. Out: a small H.264 MP4 with the same times.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect.video import open_video, write_timed_video
from slipdetect.video.clock import DEFAULT_FRAME_RATE

if TYPE_CHECKING:
    from slipdetect.video import VideoInfo

_CODECS = frozenset({"h264", "vp8", "vp9", "av1"})
_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm"})
_SHORT_SIDE = 360


def plays_in_browsers(info: VideoInfo) -> bool:
    """Return whether all common browsers play a file."""
    return info.codec in _CODECS and Path(info.source).suffix.lower() in _SUFFIXES


def write_copy(source: str, target: Path, *, overwrite: bool, **reading: Any) -> None:
    """Write what a video shows, its shorter side at most 360 px, without sound.

    Args:
        source: The video.
        target: The MP4; frames keep their times.
        overwrite: Replace ``target``.
        **reading: Passed on to ``open_video``.

    Raises:
        VideoError: The video cannot be read.
        OutputError: ``target`` cannot be written.
    """
    with open_video(source, **reading) as video:
        rate = DEFAULT_FRAME_RATE if video.info.frame_rate is None else video.info.frame_rate
        frames = video.frames(short_side=_SHORT_SIDE)
        timed = ((frame.time, frame.image) for frame in frames)
        write_timed_video(target, timed, rate, overwrite=overwrite)
