"""A small picture of every event, at the moment that the model was surest of.

In: a video and its events. Out: JPEGs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2

from slipdetect.errors import VideoError
from slipdetect.video import open_video

if TYPE_CHECKING:
    from slipdetect.types import Event

MOST = 40  # of one video; a page of thousands would not open
_SHORT_SIDE = 144
_QUALITY = 80
_FRAME_SECONDS = 2.0  # no camera shows a picture for longer


def event_pictures(
    source: str, events: Sequence[Event], most: int = MOST, **reading: Any
) -> dict[Event, bytes]:
    """Return a JPEG of each of the ``most`` surest events; fewer where the video breaks off.

    Args:
        source: The video, read once more up to the last of these events.
        events: Events in it.
        most: Pictures at most.
        **reading: Passed on to ``open_video``.
    """
    surest = sorted(events, key=lambda event: -event.score)[:most]
    waiting = sorted(surest, key=lambda event: -event.peak)
    found: dict[Event, bytes] = {}
    if not waiting:
        return found
    try:
        with open_video(source, **reading) as video:
            for frame in video.frames(short_side=_SHORT_SIDE, during=_around(waiting[::-1])):
                while waiting and frame.time >= waiting[-1].peak:
                    found[waiting.pop()] = _jpeg(frame.image)
                if not waiting:
                    break
    except VideoError:
        # what can be shown is shown; that the video is damaged has been said
        return found
    return found


def _around(events: Sequence[Event]) -> list[tuple[float, float]]:
    """Return the seconds from each peak on, in which a frame comes; those that meet are one."""
    spans: list[tuple[float, float]] = []
    for event in events:
        end = event.peak + _FRAME_SECONDS
        if spans and event.peak <= spans[-1][1]:
            spans[-1] = spans[-1][0], end
        else:
            spans.append((event.peak, end))
    return spans


def _jpeg(image: Any) -> bytes:
    done, data = cv2.imencode(
        ".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    )
    if not done:
        raise VideoError("a picture of an event cannot be encoded")
    return bytes(data)
