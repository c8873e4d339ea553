"""What a camera sends, kept as it came until somebody has time to decode it.

In: an open container. Out: its packets in order, in another thread, and when each of them came.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

ROOM = 64 * 2**20  # bytes that may wait: minutes of H.264, seconds of pictures as they are


class WaitingPackets:
    """Reads packets in a thread of its own, so that a camera never waits and little memory is held.

    They take far less than their pictures would.

    Args:
        container: Nobody else reads it.
        stream: Whose packets.
        now: Seconds of a clock.
        crowded: Called, in that thread, whenever ``ROOM`` is taken; until whoever decodes has taken
            some, nothing is read.

    Attributes:
        came: When the last packet handed out had come, seconds.
        heard: When the last one of all came, seconds.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        now: Callable[[], float],
        crowded: Callable[[], None],
    ) -> None:
        self.came = self.heard = now()
        self._container = container
        self._stream = stream
        self._now = now
        self._crowded = crowded
        self._packets: deque[tuple[float, Packet[VideoStream]]] = deque()
        self._bytes = 0
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, name="slipdetect-packets", daemon=True)

    def __iter__(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets, once.

        Raises:
            BaseException: What ended reading, behind the last packet.
        """
        self._thread.start()
        while (packet := self._next()) is not None:
            yield packet

    def close(self) -> None:
        """End reading; returns when the source next gives something, or its time-out."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _next(self) -> Packet[VideoStream] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._packets or self._ended)
            if self._packets:
                self.came, packet = self._packets.popleft()
                self._bytes -= packet.size
                self._changed.notify_all()
                return packet
        if self._error is not None:
            raise self._error
        return None

    def _read(self) -> None:
        error: BaseException | None = None
        try:
            for packet in self._container.demux(self._stream):
                if not self._take(packet):
                    break
        except BaseException as raised:  # handed to whoever decodes
            error = raised
        with self._changed:
            self._error, self._ended = error, True
            self._changed.notify_all()

    def _take(self, packet: Packet[VideoStream]) -> bool:
        """Keep a packet; return whether anybody wants one."""
        if self._bytes >= ROOM:
            self._crowded()
        with self._changed:
            self._changed.wait_for(lambda: self._bytes < ROOM or self._ended)
            self.heard = self._now()
            self._packets.append((self.heard, packet))
            self._bytes += packet.size
            self._changed.notify_all()
            return not self._ended
