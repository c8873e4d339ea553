"""Pictures for the page, made when asked for, by one thread that lets detection go first.

In: frames of cameras. Out: JPEGs; with ``--privacy`` without people.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2

from slipdetect.detection.turns import let_others_first
from slipdetect.reports.overlay import draw_box, jpeg

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from slipdetect.types import Event
    from slipdetect.video import Frame
    from slipdetect.video.live.picture_memory import PictureMemory

    Picture = npt.NDArray[np.uint8]

_AROUND = 0.6  # seconds; who is hidden in a picture is looked for in those around it
_SHORT_SIDE = 256
_FRESH = 0.5  # seconds for which a picture is given again
_FRESH_HIDDEN = 4.0  # where people are hidden, which takes a hundred times as long
_NICER = 10  # than a thread that reads; one that detects is by 5


class Pictures:
    """Makes pictures.

    Args:
        newest: Returns the newest frame of a camera, None before the first.
        memory: Returns the last pictures of a camera, None where none are kept.
        hidden: People are hidden in what comes out of memory.
    """

    def __init__(
        self,
        newest: Callable[[str], Frame | None],
        memory: Callable[[str], PictureMemory | None],
        hidden: bool,
    ) -> None:
        self._newest = newest
        self._memory = memory
        self._hidden = hidden
        self._made: dict[str, tuple[float, bytes | None]] = {}
        self._pool = ThreadPoolExecutor(1, "slipdetect-pictures", let_others_first, (_NICER,))

    def frame(self, camera: str) -> Future[bytes | None]:
        """Return the newest picture of a camera, to come."""
        return self._pool.submit(self._frame, camera)

    def event(self, camera: str, event: Event) -> Future[bytes | None]:
        """Return the picture of an event at its peak with the person's box, to come."""
        return self._pool.submit(self._event, camera, event)

    def end(self) -> None:
        """Make none any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _frame(self, camera: str) -> bytes | None:
        made = self._made.get(camera)
        fresh = _FRESH_HIDDEN if self._hidden else _FRESH
        if made is not None and time.monotonic() - made[0] < fresh:
            return made[1]
        image = self._hidden_image(camera) if self._hidden else self._image(camera)
        data = None if image is None else jpeg(image)
        self._made[camera] = time.monotonic(), data
        return data

    def _image(self, camera: str) -> Picture | None:
        frame = self._newest(camera)
        return None if frame is None else frame.image

    def _hidden_image(self, camera: str) -> Picture | None:
        memory = self._memory(camera)
        if memory is None:
            return None
        # the last one; who is in it is also looked for in those before
        kept = [image for _, image in memory.between(memory.newest - _AROUND, math.inf)]
        return _small(kept[-1]) if kept else None

    def _event(self, camera: str, event: Event) -> bytes | None:
        memory = self._memory(camera)
        if memory is None:
            return None
        kept: Mapping[float, Picture] = {
            abs(moment - event.peak): image
            for moment, image in memory.between(event.peak - _AROUND, event.peak + _AROUND)
        }
        if not kept:
            return None
        image = _small(kept[min(kept)]).copy()
        draw_box(image, event.box)
        return jpeg(image)


def _small(image: Picture) -> Picture:
    height, width = image.shape[:2]
    scale = _SHORT_SIDE / min(height, width)
    if scale >= 1:
        return image
    size = (round(width * scale), round(height * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
