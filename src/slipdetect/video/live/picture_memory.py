"""The last pictures of a live source, small and compressed, for clips that reach back in time.

In: decoded frames. Out: pictures with times; never more than so many bytes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import av
import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.video.decoder import Rescaler
from slipdetect.video.frame import Change, Frame, Moment
from slipdetect.video.live.connection import Connection, Watch

RATE = 15.0
SHORT_SIDE = 480
_QUALITY = 85


@dataclass(frozen=True)
class _Kept:
    time: float
    data: npt.NDArray[np.uint8]


class PictureMemory:
    """Keeps pictures as JPEG until there is no room; then the oldest go.

    Args:
        room: Bytes of all pictures together.
        rate: Most pictures a second.
        short_side: Of the pictures, pixels; never enlarged.
        change: What is done to pictures before anybody gets them.

    Attributes:
        rate: As above.
        newest: Time of the last frame, seconds.
    """

    def __init__(
        self,
        room: int = 64 * 2**20,
        rate: float = RATE,
        short_side: int = SHORT_SIDE,
        change: Change | None = None,
    ) -> None:
        self.rate = rate
        self._change = change
        self.newest = 0.0
        self._room = room
        self._short_side = short_side
        self._kept: deque[_Kept] = deque()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def bytes(self) -> int:
        """Bytes of all pictures."""
        return self._bytes

    def watch(self, connection: Connection, base: float) -> Watch:
        """Return what takes the frames of a connection that begins at ``base`` seconds."""
        rescale = Rescaler(connection.stored, self._short_side)
        due = 0.0

        def take(seconds: float, frame: av.VideoFrame) -> None:
            nonlocal due
            self.newest = base + seconds
            # half a frame early is near enough, or 25 a second would become 12.5
            if seconds < due - 0.5 / self.rate:
                return
            due = max(due + 1 / self.rate, seconds)
            self._add(base + seconds, rescale(frame))

        return take

    def between(self, start: float, end: float) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
        """Yield what is kept of a stretch: seconds and (height, width, 3) uint8 RGB."""
        with self._lock:
            found = [each for each in self._kept if start <= each.time <= end]
        moments = map(_moment, found)
        for moment in moments if self._change is None else self._change(moments):
            yield moment.time, moment.at(None).image

    def _add(self, time: float, image: npt.NDArray[np.uint8]) -> None:
        options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
        data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1]
        with self._lock:
            self._kept.append(_Kept(time, data))
            self._bytes += data.nbytes
            while self._bytes > self._room:
                self._bytes -= self._kept.popleft().data.nbytes


def _moment(kept: _Kept) -> Moment:
    @cache
    def at(size: int | None) -> Frame:
        picture = np.asarray(cv2.imdecode(kept.data, cv2.IMREAD_COLOR_RGB), np.uint8)
        return Frame(kept.time, picture)

    return Moment(kept.time, at)
