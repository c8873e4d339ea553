"""One run over live sources: what each tells goes to the sinks, until all are over.

In: cameras, sinks. Out: lines on stdout, the sources' state on stderr, an exit code.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from slipdetect.cli.batch import warn_of_missing
from slipdetect.cli.console import Console, signals
from slipdetect.cli.errors import INTERRUPTED, SOME_FAILED, report_one
from slipdetect.errors import VideoError
from slipdetect.sinks.sink import Alert, Sink

if TYPE_CHECKING:
    from slipdetect.detection.cameras import Cameras, CameraState, Ended, Told
    from slipdetect.detection.live import LiveEvent

_REMEMBERED = 100  # alerts of the last events of a camera, which what follows belongs to
_LOOK_AFTER = 60.0  # seconds between two looks at how much the machine carries
_SECONDS_TO_END = 20.0
_M_ARENA_MAX = -8  # of malloc.h
_TRIM_AFTER = 3.0  # seconds; it takes some 10 ms


@dataclass
class _Watched:
    """What is kept of one camera."""

    alerts: dict[int, Alert] = field(default_factory=dict)  # of its last events, by number
    sampled: tuple[int, int] = (0, 0)  # frames looked at and thrown away, as last counted


class Watching:
    """Tells sinks and the terminal what happens.

    Args:
        console: Where the state of sources goes.
        sinks: What takes events.
        model: Name of the model.
        many: There may be several cameras: one that is lost does not end the run.
        tries: So often each of several cameras is tried before all are given up.

    Attributes:
        events: Events of all cameras.
        lost: Why cameras were lost, in order.
        missing: Parts of results that sinks could not make.
    """

    def __init__(
        self, console: Console, sinks: Sequence[Sink], model: str, many: bool, tries: int
    ) -> None:
        self.events = self.missing = 0
        self.lost: list[Exception] = []
        self._console = console
        self._sinks = sinks
        self._model = model
        self._many = many
        self._tries = tries
        self._started = False
        self._ended = 0
        self._watched: dict[str, _Watched] = {}
        self._looked = self._trimmed = time.monotonic()

    def run(self, cameras: Cameras, reload: Callable[[], None] | None = None) -> int:
        """Tell what happens until all cameras are over, Ctrl-C or SIGTERM; return the exit code.

        After SIGHUP ``reload`` is called.

        Raises:
            VideoError: None of several cameras can be opened.
            Exception: Why the only camera was lost.
        """
        wanted = threading.Event()

        def on_sighup() -> None:
            wanted.set()
            cameras.wake()

        handlers = {signal.SIGTERM: _on_sigterm}
        if reload is not None and hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = on_sighup
        code = 0
        try:
            with signals(handlers):
                for told in cameras.events():
                    if told is not None:
                        self._take(told)
                    if wanted.is_set() and reload is not None:
                        wanted.clear()
                        reload()
                    self._look_after(cameras)
        except KeyboardInterrupt:
            code = INTERRUPTED
            cameras.stop()
            self._rest(cameras)
        if self.lost and not code:
            if not self._many:
                raise self.lost[-1]
            if not self._started:
                raise VideoError("no camera could be opened; the errors above say why")
            code = SOME_FAILED
        return code

    def _rest(self, cameras: Cameras) -> None:
        """Tell what is left after the cameras were stopped, unless one does not end."""
        until = time.monotonic() + _SECONDS_TO_END
        for told in cameras.events(0.5):
            if told is not None:
                self._take(told)
            elif time.monotonic() > until:
                self._console.warn(f"{', '.join(cameras.names)}: did not end; left behind")
                return

    def _take(self, told: Told) -> None:
        from slipdetect.detection.cameras import Ended
        from slipdetect.video.live import Started

        if isinstance(told.what, Ended):
            self._over(told.camera, told.what)
            return
        if isinstance(told.what, Started):
            self._started = True
            self._watched[told.camera] = _Watched()
        self._tell(told.camera, told.what, told.at)

    def _tell(self, camera: str, event: LiveEvent, now: datetime) -> None:
        from slipdetect.detection.live import EventFinal, StillDown, UpAgain
        from slipdetect.reports.live_report import state_text
        from slipdetect.video.live import Skipped

        for sink in self._sinks:
            sink.live_event(camera, event, now)
        alerts = self._watched[camera].alerts
        if isinstance(event, EventFinal):
            self.events += 1
            alert = alerts[event.id] = Alert(camera, self._model, event.event)
            while len(alerts) > _REMEMBERED:  # not every onset's number is one of an event
                del alerts[next(iter(alerts))]
            for sink in self._sinks:
                sink.event(alert)
        elif isinstance(event, StillDown | UpAgain) and event.id in alerts:
            kind = "up_again" if isinstance(event, UpAgain) else "still_down"
            told = Alert(camera, self._model, event.event, kind, alerts[event.id].id)
            for sink in self._sinks:
                sink.aftermath(told)
        # what several cameras skip is told once a minute, of all of them
        if (state := state_text(event)) and not (self._many and isinstance(event, Skipped)):
            self._console.warn(f"{camera!r}: {state}")

    def _over(self, camera: str, ended: Ended) -> None:
        from slipdetect.reports.live_report import summary_text

        self._ended += 1
        if ended.summary.frames:
            for sink in self._sinks:
                sink.summary(camera, ended.summary, ended.why)
            name = f"{camera!r}: " if self._many else ""
            self._console.note(name + summary_text(ended.summary))
        if ended.error is not None:
            self.lost.append(ended.error)
            if self._many:
                report_one(ended.error, camera, self._console)

    def _look_after(self, cameras: Cameras) -> None:
        """Tell what sinks could not make and what is too much; give up if nothing ever came."""
        self.missing += warn_of_missing(self._sinks, self._console)
        now = time.monotonic()
        if now - self._trimmed >= _TRIM_AFTER:
            self._trimmed = now
            give_memory_back()
        if now - self._looked < (_LOOK_AFTER if self._started else 1.0):
            return
        self._looked = now
        states = cameras.states()
        if not self._many:
            return
        given_up = all(each.state == "ended" or each.tries > self._tries for each in states)
        if not self._started and states and given_up:
            raise VideoError(
                f"none of the {len(states)} cameras gave a frame in {self._tries + 1} tries; "
                "the warnings above say why"
            )
        text = capacity([self._since(each) for each in states])
        if text:
            self._console.warn(text)

    def _since(self, state: CameraState) -> tuple[str, int, int]:
        """Return a camera's name, and its frames looked at and thrown away since the last time."""
        watched = self._watched.setdefault(state.name, _Watched())
        before, watched.sampled = watched.sampled, (state.summary.sampled, state.summary.dropped)
        seen, lost = (max(n - m, 0) for n, m in zip(watched.sampled, before, strict=True))
        return state.name, seen, lost


def capacity(counts: Sequence[tuple[str, int, int]]) -> str:
    """Return how many cameras this machine carries, if it does not carry all; else nothing.

    Args:
        counts: Of each camera its name, and its sampled frames that were looked at, and that were
            thrown away, in the same time.
    """
    busy = [(name, seen, lost) for name, seen, lost in counts if seen + lost]
    seen, lost = sum(each[1] for each in busy), sum(each[2] for each in busy)
    if not lost:
        return ""
    share = seen / (seen + lost)
    worst = min(busy, key=lambda each: each[1] / (each[1] + each[2]))
    least = worst[1] / (worst[1] + worst[2])
    return (
        f"too slow for {len(busy)} cameras: {share:.0%} of their frames were looked at in the last "
        f"minute, {least:.0%} of {worst[0]!r}; this machine carries about "
        f"{max(1, int(len(busy) * share))}"
    )


def limit_threads() -> None:
    """Let many cameras compute side by side in little memory.

    All threads share one heap: glibc gives each its own, and none gives memory back. OpenCV
    computes in the thread that asks: those of its own wait at work for more.
    """
    import cv2

    cv2.setNumThreads(1)
    with suppress(OSError, AttributeError, TypeError):  # another libc
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def give_memory_back() -> None:
    """Return what is free within the heap: glibc does so at its end alone, and it has holes."""
    with suppress(OSError, AttributeError, TypeError):  # another libc
        ctypes.CDLL(None).malloc_trim(0)


def _on_sigterm() -> None:
    """End as by Ctrl-C; service managers send it."""
    raise KeyboardInterrupt
