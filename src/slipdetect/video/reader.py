"""Opening a video: a file, or the manifest of a video that is stored as pictures.

In: a path. Out: a ``Video`` with its first frame decoded.
"""

from __future__ import annotations

import os

from slipdetect.errors import UsageError
from slipdetect.video.decoder import (
    MAX_FRAME_RATE,
    MIN_FRAME_RATE,
)
from slipdetect.video.opening import (
    check_source,
    choose_stream,
    open_container,
    prepare_stream,
)
from slipdetect.video.stored_pictures import StoredPictures, is_stored_video
from slipdetect.video.video import Video

DEFAULT_MAX_PIXELS = 64_000_000


def open_video(
    source: str | os.PathLike[str],
    *,
    stream: int | None = None,
    frame_rate: float | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_duration: float | None = None,
) -> Video:
    """Open a video file and decode its first frame.

    Args:
        source: Path of the file, or of the manifest of a video stored as pictures.
        stream: Which video stream, from 0, cover pictures not counted; None is the first.
        frame_rate: Ignore the file's timestamps and show frame i at i / frame_rate seconds.
        max_pixels: Refuse frames with more pixels than this.
        max_duration: Stop before this time, in seconds.

    Raises:
        VideoError: The source is missing, no video, too large or has no frame to decode.
        UsageError: A parameter makes no sense.
    """
    if frame_rate is not None and not MIN_FRAME_RATE <= frame_rate <= MAX_FRAME_RATE:
        raise UsageError(
            f"frame rate must be {MIN_FRAME_RATE:g} to {MAX_FRAME_RATE:g}, not {frame_rate!r}"
        )
    if max_duration is not None and not max_duration > 0:
        raise UsageError(f"maximal duration must be more than 0 seconds, not {max_duration!r}")
    path = check_source(source)
    if path.suffix == ".json" and is_stored_video(path):
        return StoredPictures(path, frame_rate, max_pixels, max_duration)
    container = open_container(path, max_pixels)
    try:
        chosen = choose_stream(container, path, stream)
        prepare_stream(chosen, path, max_pixels)
        return Video(container, chosen, os.fspath(source), frame_rate, max_duration)
    except BaseException:
        container.close()
        raise
