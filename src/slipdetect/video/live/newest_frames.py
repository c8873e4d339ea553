"""A bounded queue between a camera and a detector that may be slower: the newest frame wins.

In: frames and notes of one thread. Out: the same in another, without those nobody had time for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from slipdetect.errors import UsageError
from slipdetect.video.frame import Frame, Gap


@dataclass(frozen=True)
class Started:
    """The first frame is there, at 0 s.

    Attributes:
        width: Pixels per row as displayed.
        height: Rows as displayed.
        codec: Name of the codec.
        frame_rate: What the stream names, 1/s; None where that makes no sense.
    """

    width: int
    height: int
    codec: str
    frame_rate: float | None


@dataclass(frozen=True)
class Reconnecting:
    """The source broke off.

    Attributes:
        at: Time of the last frame, seconds.
        reason: Why, without anything of an address.
    """

    at: float
    reason: str


@dataclass(frozen=True)
class Reconnected:
    """Frames come again.

    Attributes:
        at: Time of the first one, seconds.
        gap: Seconds that were not seen.
    """

    at: float
    gap: float


@dataclass(frozen=True)
class Skipped:
    """Frames were thrown away, because detection was too slow for them.

    Attributes:
        start: Time of the first of them, seconds.
        end: Time of the first frame that was kept, seconds.
        frames: How many sampled frames.
    """

    start: float
    end: float
    frames: int


VideoNote = Started | Reconnecting | Reconnected | Skipped | Gap
Item = Frame | VideoNote


class NewestFrames:
    """Frames and notes in order, at most ``room`` frames.

    When a frame comes and there is no room, all frames that wait are thrown away at once, so that
    what is looked at has few holes; notes are never lost.

    Args:
        room: Most frames that wait.
        keep: The source can wait: a frame that finds no room stops it, and none is lost.
        now: Seconds of a clock.

    Attributes:
        keep: As above; may change from one connection to the next.
        dropped: Frames thrown away.
        lag: Seconds that the last frame handed out had waited.
        longest_lag: The longest such wait.
    """

    def __init__(
        self, room: int, keep: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        if room < 1:
            raise UsageError(f"there must be room for a frame, not for {room}")
        self.dropped = 0
        self.lag = self.longest_lag = 0.0
        self._room = room
        self.keep = keep
        self._now = now
        self._items: deque[tuple[float, Item]] = deque()
        self._frames = 0
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Frames that wait."""
        return self._frames

    def put(self, item: Item) -> bool:
        """Take a frame or a note; return whether anybody still wants one."""
        with self._changed:
            if isinstance(item, Frame):
                self._changed.wait_for(
                    lambda: not self.keep or self._frames < self._room or self._ended
                )
                if self._frames >= self._room and not self._ended:
                    self._throw_away(item.time)
                self._frames += 1
            self._items.append((self._now(), item))
            self._changed.notify_all()
            return not self._ended

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing follows; ``error`` is raised behind the last item."""
        with self._changed:
            if not self._ended:
                self._ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Say that nobody wants what waits, nor what follows."""
        with self._changed:
            self._ended, self._error = True, None
            self._items.clear()
            self._frames = 0
            self._changed.notify_all()

    def wait(self) -> float:
        """Wait until there is a frame, a note or the end; return since when it has waited."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            return self._now() if self.keep or not self._items else self._items[0][0]

    def get(self) -> Item | None:
        """Return the next frame or note, as soon as there is one; None at the end.

        Raises:
            BaseException: What ``end`` was given, once.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._ended)
            if not self._items:
                error, self._error = self._error, None
                if error is not None:
                    raise error
                return None
            arrival, item = self._items.popleft()
            if isinstance(item, Frame):
                self._frames -= 1
                self.lag = self._now() - arrival
                self.longest_lag = max(self.longest_lag, self.lag)
            self._changed.notify_all()
            return item

    def _throw_away(self, now: float) -> None:
        notes: list[tuple[float, Item]] = []
        start, lost = now, 0
        for arrival, item in self._items:
            if isinstance(item, Frame):
                start, lost = min(start, item.time), lost + 1
            elif isinstance(item, Skipped):
                start, lost = min(start, item.start), lost + item.frames
            else:
                notes.append((arrival, item))
        self.dropped += self._frames
        self._frames = 0
        self._items.clear()
        self._items.extend([*notes, (self._now(), Skipped(start, now, lost))])
