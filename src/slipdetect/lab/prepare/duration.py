"""How long a video really lasts, and whether marked times lie in it.

In: a video. Out: seconds; times that end a little late are cut, others are errors.
"""

from __future__ import annotations

from dataclasses import replace

from slipdetect.errors import DataError
from slipdetect.lab.prepare.intervals import TimedVideo
from slipdetect.video import open_video
from slipdetect.video.decoder import is_cut_off

TOLERANCE = 0.5
_ASSUMED_RATE = 25.0
# other containers store no duration, or one that is guessed from the bit rate
_TRUSTED = frozenset({".avi", ".m4v", ".mkv", ".mov", ".mp4", ".webm"})


def check_times(video: TimedVideo) -> tuple[TimedVideo, float]:
    """Return a video with its times inside it, and its duration in seconds.

    The header is believed where the file is whole and no time lies beyond it; otherwise the video
    is decoded to its end. An event that ends up to ``TOLERANCE`` seconds late ends with the video.

    Raises:
        DataError: A time is beyond the end (with its line).
        VideoError: The video cannot be read.
    """
    last = max((span.end for span in video.spans), default=0.0)
    with open_video(video.path) as opened:
        duration = opened.info.duration
        whole = video.path.suffix.lower() in _TRUSTED and not is_cut_off(video.path)
        if duration is None or not whole or last > duration:
            rate = opened.info.frame_rate
            end = max(frame.time for frame in opened.frames(short_side=16))
            duration = end + 1.0 / (_ASSUMED_RATE if rate is None else rate)
    for span in video.spans:
        if span.end > duration + TOLERANCE or span.start >= duration:
            raise DataError(
                f"{span.where}: {span.start:g} s to {span.end:g} s is not in {video.name!r}, which"
                f" ends at {duration:.2f} s; correct the times, or check that the file is whole"
            )
    spans = tuple(replace(span, end=min(span.end, duration)) for span in video.spans)
    return replace(video, spans=spans), duration
