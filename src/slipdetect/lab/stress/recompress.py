"""Frames as they look after a camera or a recorder has compressed them hard.

In: frames. Out: the same frames, encoded as H.264 and decoded again, in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal, cast

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from slipdetect.errors import UsageError
from slipdetect.video.frame import Frame
from slipdetect.video.writer import even_sided

HARSHEST = 51  # of x264's quality scale

_ENCODER = "libx264"
_KEY_FRAMES_APART = 50
_TICKS = Fraction(1, 25)  # the quality does not depend on the true rate, so any will do


def recompressed(frames: Iterator[Frame], quality: float) -> Iterator[Frame]:
    """Yield every frame with its time, as the codec leaves its picture.

    x264 with a key frame every 50 pictures, none out of order, on one thread, so that every machine
    gives the same bytes. Memory does not grow with the number of frames.

    Args:
        frames: Pictures of one size.
        quality: Constant rate factor of x264, 0 to 51; more is worse, 23 is its own default.

    Raises:
        UsageError: ``quality`` is out of range, or this PyAV has no x264.
    """
    if not 0 <= quality <= HARSHEST:
        raise UsageError(f"the quality must be 0 to {HARSHEST}, not {quality:g}")
    if _ENCODER not in av.codecs_available:
        raise UsageError(f"this PyAV has no {_ENCODER}; install the wheel from PyPI")
    return _recompressed(frames, quality)


def _recompressed(frames: Iterator[Frame], quality: float) -> Iterator[Frame]:
    encoder: VideoCodecContext | None = None
    decoder = _context("h264", "r")
    decoder.thread_count = 1
    waiting: deque[Frame] = deque()
    for count, frame in enumerate(frames):
        picture = av.VideoFrame.from_ndarray(even_sided(frame.image), format="rgb24")
        picture.pts, picture.time_base = count, _TICKS
        if encoder is None:
            encoder = _encoder(picture, quality)
        waiting.append(frame)
        for packet in encoder.encode(picture):
            yield from _finished(decoder.decode(packet), waiting)
    if encoder is not None:
        for packet in encoder.encode(None):
            yield from _finished(decoder.decode(packet), waiting)
        yield from _finished(decoder.decode(None), waiting)


def _encoder(picture: av.VideoFrame, quality: float) -> VideoCodecContext:
    encoder = _context(_ENCODER, "w")
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base, encoder.framerate = _TICKS, 1 / _TICKS
    encoder.gop_size = _KEY_FRAMES_APART
    encoder.thread_count = 1
    encoder.options = {"crf": str(quality), "preset": "veryfast", "tune": "zerolatency"}
    return encoder


def _context(codec: str, mode: Literal["r", "w"]) -> VideoCodecContext:
    # PyAV's types know only the common base class
    return cast(VideoCodecContext, VideoCodecContext.create(codec, mode))


def _finished(pictures: list[av.VideoFrame], waiting: deque[Frame]) -> Iterator[Frame]:
    """Pair decoded pictures with their frames, which come out in the order they went in."""
    for picture in pictures:
        frame = waiting.popleft()
        height, width = frame.image.shape[:2]
        image = picture.to_ndarray(format="rgb24")[:height, :width]
        yield Frame(frame.time, np.ascontiguousarray(image), frame.corrupt)
