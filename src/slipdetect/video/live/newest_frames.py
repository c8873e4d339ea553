"""A bounded queue between a camera and a detector that may be slower: the newest frame wins.

In: frames and notes of one thread. Out: the same in another, without those nobody had time for.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from slipdetect.errors import UsageError
from slipdetect.video.frame import Frame, Gap

_STEADY = 60.0  # seconds without a loss
_SUDDEN = 30.0  # seconds since a frame was looked at in time
_IN_TIME = 1.0  # seconds
_LENIENT = 3


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

    A frame that finds no room waits for some until the first one in the queue has waited too long.
    Then all that has come is thrown away at once, so that what is looked at has few holes; notes
    are never lost. A machine that has lost none for ``_STEADY`` seconds, and was in time less than
    ``_SUDDEN`` seconds ago, is held up and not too slow: ``_LENIENT`` times as long may be waited.

    Args:
        room: Most frames that wait here.
        patience: How long one may wait since it came, seconds.
        keep: The source can wait: a frame that finds no room stops it, and none is lost.
        now: Seconds of a clock.

    Attributes:
        keep: As above; may change from one connection to the next.
        dropped: Frames thrown away.
        lag: Seconds that the last frame handed out had waited.
        longest_lag: The longest such wait.
    """

    def __init__(
        self,
        room: int,
        patience: float = 0.0,
        keep: bool = False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if room < 1:
            raise UsageError(f"there must be room for a frame, not for {room}")
        self.dropped = 0
        self.lag = self.longest_lag = 0.0
        self._room = room
        self._patience = patience
        self.keep = keep
        self._now = now
        self._items: deque[tuple[float, Item]] = deque()
        self._frames = 0
        self._unread_since: float | None = None
        self._thrown = -math.inf  # what came before then is not wanted any more
        self._steady: float | None = None  # since when none was thrown away; None before the first
        self._in_time = -math.inf
        self._lost: Skipped | None = None  # of these; told when a frame is kept again
        self._ended = False
        self._error: BaseException | None = None
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        """Frames that wait."""
        return self._frames

    @property
    def unread_for(self) -> float:
        """Seconds since a frame was last taken, while one is there."""
        since = self._unread_since
        return 0.0 if since is None else self._now() - since

    def put(self, item: Item, came: float | None = None) -> bool:
        """Take a frame or a note; return whether anybody still wants one.

        Args:
            item: Behind all others.
            came: When that was, by the clock; None: now.
        """
        with self._changed:
            if isinstance(item, Frame):
                self._make_room(came)
                if self._unwanted(came):
                    self._lose(_skipped(item))
                    self.dropped += 1
                    return not self._ended
                self._frames += 1
            now = self._now()
            if self._steady is None:
                self._steady = now
            if isinstance(item, Frame):
                self._tell_lost(item.time, now)
                if self._unread_since is None:
                    self._unread_since = now
            self._items.append((now if came is None else came, item))
            self._changed.notify_all()
            return not self._ended

    def throw_away(self) -> None:
        """Throw away all that has come, for which there is no room elsewhere."""
        with self._changed:
            self._throw_away()
            self._changed.notify_all()

    def end(self, error: BaseException | None = None) -> None:
        """Say that nothing follows; ``error`` is raised behind the last item."""
        with self._changed:
            if not self._ended:
                if self._lost is not None:
                    self._tell_lost(self._lost.end, self._now())
                self._ended, self._error = True, error
            self._changed.notify_all()

    def close(self) -> None:
        """Say that nobody wants what waits, nor what follows."""
        with self._changed:
            self._ended, self._error = True, None
            self._items.clear()
            self._frames = 0
            self._unread_since = self._lost = None
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
            came, item = self._items.popleft()
            if isinstance(item, Frame):
                self._frames -= 1
                now = self._now()
                self._unread_since = now if self._frames else None
                self.lag = now - came
                if self.lag < _IN_TIME:
                    self._in_time = now
                self.longest_lag = max(self.longest_lag, self.lag)
            self._changed.notify_all()
            return item

    def _make_room(self, came: float | None) -> None:
        """Wait until a frame has room, or is not wanted."""
        while self._frames >= self._room and not self._ended and not self._unwanted(came):
            if self.keep:
                self._changed.wait()
                continue
            now = self._now()
            steady = 0.0 if self._steady is None else now - self._steady
            held_up = steady > _STEADY and now - self._in_time < _SUDDEN
            patience = self._patience * (_LENIENT if held_up else 1)
            if (left := self._items[0][0] + patience - now) > 0:
                self._changed.wait(left)
            else:
                self._throw_away()

    def _unwanted(self, came: float | None) -> bool:
        return came is not None and came < self._thrown

    def _throw_away(self) -> None:
        kept: list[tuple[float, Item]] = []
        for came, item in self._items:
            if isinstance(item, Frame):
                self._lose(_skipped(item))
                self.dropped += 1
            elif isinstance(item, Skipped):
                self._lose(item)
            else:
                kept.append((came, item))
        self._frames = 0
        self._items = deque(kept)
        self._thrown = self._steady = self._now()

    def _lose(self, more: Skipped) -> None:
        lost = self._lost or replace(more, frames=0)
        start, end = min(lost.start, more.start), max(lost.end, more.end)
        self._lost = Skipped(start, end, lost.frames + more.frames)

    def _tell_lost(self, end: float, now: float) -> None:
        if self._lost is not None:
            self._items.append((now, replace(self._lost, end=end)))
            self._lost = None


def _skipped(frame: Frame) -> Skipped:
    return Skipped(frame.time, frame.time, 1)
