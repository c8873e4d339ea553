"""A live source as one run of frames and notes, connected anew where it breaks off.

In: a ``LiveSource``. Out: ``Frame``s with times that go on over gaps by the wall clock, and notes.
"""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import Self

import av

from slipdetect.errors import UsageError, VideoError
from slipdetect.video.frame import GAP_SECONDS, DecodeReport, Frame, Gap
from slipdetect.video.live.connection import Connection, Watch
from slipdetect.video.live.newest_frames import Item, NewestFrames, Reconnected, Reconnecting
from slipdetect.video.live.sources import LiveSettings, LiveSource, Unusable
from slipdetect.video.live.wall_clock import WallClock

logger = logging.getLogger(__name__)

_RATE_OVER = 10.0  # seconds that a rate is taken over
_SILENT = 1.0
_DECODED = 0.5  # seconds of frames that wait as pictures; what comes behind them, compressed

Keep = Callable[[Connection, float], Watch]


def waits(
    first: float,
    longest: float,
    jitter: float = 0.0,
    chance: Callable[[], float] = random.random,
) -> Iterator[float]:
    """Yield waits that double up to a longest one; chance keeps many clients from coming at once.

    Args:
        first: The first wait, seconds.
        longest: No wait is longer, chance aside, seconds.
        jitter: Largest share of a wait that chance adds.
        chance: Returns numbers from 0 to 1.
    """
    wait = first
    while True:
        wait = min(wait, longest)
        yield wait * (1 + jitter * chance())
        wait *= 2


class LiveVideo(NewestFrames):
    """Reads a live source in a thread of its own; a context manager that ends it.

    Args:
        source: Where frames come from.
        rate: Sampled frames per second.
        short_side: Of the pictures, pixels.
        settings: Time-outs, tries and bounds.
        keep: Called for every connection with the time of its first frame; what it returns sees
            every decoded frame, in the reading thread.

    Attributes:
        name: What may be shown of the source.
        report: Counts of decoded and damaged frames over all connections.
        reconnects: Times that frames came again.
        limited: It was ended because it had lasted as long as it should.
        tries: Tries in a row that could not connect.
        connected: Frames come.
        newest: The last sampled frame; None before the first.
        wall: When the frames of a camera came; of what waits to be read it tells nothing.
    """

    def __init__(
        self,
        source: LiveSource,
        rate: float,
        short_side: int,
        settings: LiveSettings | None = None,
        keep: Keep | None = None,
    ) -> None:
        self.settings = LiveSettings() if settings is None else settings
        patience = self.settings.max_lag
        room = max(1, round(min(_DECODED, patience) * rate))
        # a clock that is put in the place of this one counts here too
        super().__init__(room, patience, now=lambda: self.wall.now())
        self.name = source.name
        self.report = DecodeReport()
        self.reconnects = 0
        self.limited = False
        self.tries = 0
        self.connected = False
        self.newest: Frame | None = None
        self._arrived: deque[tuple[float, int]] = deque()  # of sampled frames; all decoded so far
        self._source = source
        self._rate = rate
        self._short_side = short_side
        self._keep = keep
        self._stop = threading.Event()
        self.wall = WallClock(source.name)
        self._began: float | None = None
        self._first: float | None = None
        self._last = 0.0
        self._broken = False
        self._thread: threading.Thread | None = None
        self._connection: Connection | None = None

    @property
    def silent_for(self) -> float | None:
        """Seconds since something came, decoded or not; None before the first sampled frame."""
        if not self._arrived:
            return None
        connection = self._connection
        last = self._arrived[-1][0]
        return self.wall.now() - (last if connection is None else max(last, connection.heard))

    @property
    def fps(self) -> float:
        """Frames decoded a second, over the last ten seconds."""
        now = self.wall.now()
        recent = [each for each in tuple(self._arrived) if each[0] >= now - _RATE_OVER]
        if len(recent) < 2:
            return 0.0
        (first, before), (last, frames) = recent[0], recent[-1]
        # a source that has gone silent has no more frames a second than those
        until = last if now - last < _SILENT else now
        # the clock of some systems stands still for a few milliseconds
        return (frames - before) / (until - first) if until > first else 0.0

    def get(self) -> Item | None:
        """Return the next frame or note as soon as there is one; None at the end.

        Raises:
            VideoError: The source cannot be opened, or not again after all tries.
        """
        self.start()
        return super().get()

    def wait(self) -> float:
        self.start()
        return super().wait()

    def start(self) -> None:
        """Begin to read, which the first ``get`` does too."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="slipdetect-live", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End reading; the thread goes when the source next gives something, or its time-out."""
        self._stop.set()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _work(self) -> None:
        try:
            self._read()
        except BaseException as error:  # handed to the consumer, which raises it
            self.end(error)
        else:
            self.end()

    def _read(self) -> None:
        settings = self.settings
        begin = partial(waits, settings.first_wait, settings.longest_wait, settings.jitter)
        pauses = begin()
        while (connection := self._connect(pauses)) is not None:
            try:
                self.connected, self._connection = True, connection
                ended = self._pump(connection)
            finally:
                self.connected, self._connection = False, None
                connection.close()
            if ended or self._stop.is_set():
                return
            reason = connection.reason or "the stream ended"
            if not self._source.again:
                raise VideoError(f"{self.name!r} broke off at {self._last:.1f} s: {reason}")
            self._broken = True
            self.put(Reconnecting(self._last, reason))
            pauses = begin()
            self._stop.wait(next(pauses))

    def _connect(self, pauses: Iterator[float]) -> Connection | None:
        """Return a connection that has given a frame; None when reading is to end.

        Raises:
            VideoError: No try was successful.
        """
        self.tries, most = 0, self.settings.retries
        while not self._stop.is_set():
            try:
                found = self._try()
            except UsageError:
                raise
            except VideoError as error:
                hopeless = isinstance(error, Unusable) and most is not None
                if hopeless or not self._source.again or self.tries == most:
                    raise _final(error, self.tries) from None
                self.tries += 1
                # a stream that broke off was told of already
                first = self.tries == 1 and not self._broken
                times = "once" if most == 1 else f"{most} times"
                again = "trying again" if most is None else f"trying again, {times} at most"
                more = f"; {again}" if first else ""
                logger.log(logging.WARNING if first else logging.INFO, "%s%s", error, more)
            else:
                self.tries = 0
                return found
            self._stop.wait(next(pauses))
        return None

    def _try(self) -> Connection:
        container = self._source.open(self.settings)
        waits = self._source.waits(container)
        return Connection(
            container,
            self.name,
            self.report,
            self.settings,
            camera=not waits,
            timed=self._source.timed or waits,
            now=self.wall.now,
            crowded=self.throw_away,
        )

    def _pump(self, connection: Connection) -> bool:
        """Hand frames on; return whether the source has come to its end."""
        waits = self._source.waits(connection.container)
        self.keep = waits
        base = self._base(connection)
        watch = self._watch(connection, base, waits)
        limit = self.settings.max_duration
        last: float | None = None
        for frame in connection.frames(self._rate, self._short_side, watch):
            moment = base + frame.time
            if self._first is None:
                self._first = self._last = moment
            if limit is not None and moment - self._first >= limit:
                self.limited = True
                return True
            # of a camera too, where this program or its machine was stopped meanwhile
            if last is not None and moment - last > GAP_SECONDS:
                self.put(Gap(last, moment))
            last = self._last = moment
            self.newest = Frame(moment, frame.image, frame.corrupt)
            self._count(connection.came)
            if not self.put(self.newest, connection.came):
                return True
        return connection.reason is None and (waits or not self._source.again)

    def _watch(self, connection: Connection, base: float, waits: bool) -> Watch | None:
        """Return what sees every decoded frame."""
        keep = None if self._keep is None else self._keep(connection, base)
        if waits:
            return keep
        self.wall.begin(base)

        def watch(seconds: float, frame: av.VideoFrame) -> None:
            self.wall.saw(base + seconds, connection.came)
            if keep is not None:
                keep(seconds, frame)

        return watch

    def _count(self, came: float) -> None:
        self._arrived.append((came, self.report.frames))
        while self._arrived[0][0] < came - _RATE_OVER:
            self._arrived.popleft()

    def _base(self, connection: Connection) -> float:
        """Return the time of a connection's first frame, seconds, and tell of it."""
        now = connection.came
        if self._began is None:
            self._began = now
            if connection.unread is not None:
                logger.warning("%r: %s", self.name, connection.unread)
            self.put(connection.started)
            if connection.warning is not None:
                logger.warning("%r: %s", self.name, connection.warning)
            return 0.0
        # on the camera's own clock, as all seconds
        base = max(now - self._began - self.wall.drift, self._last + 1 / self._rate)
        self.reconnects += 1
        self.put(Reconnected(base, base - self._last))
        return base


def _final(error: VideoError, tries: int) -> VideoError:
    if not tries:
        return VideoError(str(error))
    return VideoError(f"{error} (tried {tries + 1} times; retries=... sets how often)")
