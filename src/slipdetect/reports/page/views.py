"""What the page shows of a video: a small picture of every event, and a copy for its player.

In: frames as they pass. Out: JPEGs, and an H.264 MP4 where browsers do not know the format.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2

from slipdetect.errors import VideoError
from slipdetect.video import Frame, Recording, View

if TYPE_CHECKING:
    from slipdetect.detection import Event
    from slipdetect.video import VideoInfo

MOST = 40  # of one video; a page of thousands would not open
_SHORT_SIDE = 144
_QUALITY = 80
_FRAME_SECONDS = 2.0  # no camera shows a picture for longer

_CODECS = frozenset({"h264", "vp8", "vp9", "av1"})
_SUFFIXES = frozenset({".mp4", ".m4v", ".mov", ".webm"})
_COPY_SHORT_SIDE = 360


class EventPicture(View):
    """Keeps the picture at the moment of an event that the model was surest of.

    Args:
        event: The event.

    Attributes:
        jpeg: The picture, None where the video broke off before it.
    """

    short_side = _SHORT_SIDE

    def __init__(self, event: Event) -> None:
        self.event = event
        self.start, self.end = event.peak, event.peak + _FRAME_SECONDS
        self.jpeg: bytes | None = None

    def take(self, frame: Frame) -> None:
        """Keep the first frame."""
        bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        if not done:
            raise VideoError("a picture of an event cannot be encoded")
        self.jpeg, self.end = bytes(data), -math.inf


def event_pictures(events: Iterable[Event], most: int = MOST) -> list[EventPicture]:
    """Return what takes a picture of each of the ``most`` surest events."""
    return [EventPicture(event) for event in sorted(events, key=lambda e: -e.score)[:most]]


def plays_in_browsers(info: VideoInfo) -> bool:
    """Return whether all common browsers play a file."""
    return info.codec in _CODECS and Path(info.source).suffix.lower() in _SUFFIXES


def browser_copy(target: Path, *, overwrite: bool) -> Recording:
    """Return what writes all that a video shows, its shorter side at most 360 px."""
    return Recording(target, _COPY_SHORT_SIDE, overwrite=overwrite)
