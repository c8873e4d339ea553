"""One sink in a thread of its own behind a bounded queue, so that detection never waits for it.

In: alerts. Out: delivered ones, a warning for each that was not, and counts.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass

from slipdetect._text import printable, timecode
from slipdetect.alerts.alert import Alert, Sink
from slipdetect.errors import AlertError

logger = logging.getLogger(__name__)

_ROOM = 100
_SECONDS_TO_STOP = 5.0


@dataclass
class Counts:
    """What became of the alerts to one sink.

    Attributes:
        delivered: Taken by the sink.
        failed: Tried in vain.
        untried: Never tried, because the queue was full or the end did not wait for them.
    """

    delivered: int = 0
    failed: int = 0
    untried: int = 0


class Delivery:
    """Hands alerts to a sink in order.

    Args:
        sink: Where they go.
        room: Alerts that may wait; more are not tried.
    """

    def __init__(self, sink: Sink, room: int = _ROOM) -> None:
        self.sink = sink
        self.counts = Counts()
        self._room = room
        self._waiting: deque[Alert] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None
        # not the thread's own join and is_alive: one interrupted by Ctrl-C takes it for dead
        self._done = threading.Event()

    def put(self, alert: Alert) -> None:
        """Take an alert, at once; where too many wait already it is counted and warned of."""
        with self._changed:
            full = len(self._waiting) >= self._room
            if full:
                self.counts.untried += 1
            else:
                self._waiting.append(alert)
                self._changed.notify()
        if full:
            self._warn(alert, f"{self._room} others wait already")
        elif self._thread is None:
            name = f"slipdetect-{self.sink.name}"
            self._thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._thread.start()

    def close(self) -> Counts:
        """Wait as long as the sink's patience allows, give up the rest, and return the counts."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread is not None:
            self._done.wait(self.sink.patience)
            self.abandon()
        return self.counts

    def abandon(self) -> None:
        """Give up what was not delivered yet."""
        if self._thread is None or self._done.is_set():
            return
        with self._changed:
            self.counts.untried += len(self._waiting)
            self._waiting.clear()
        self.sink.stop()
        self._done.wait(_SECONDS_TO_STOP)

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ending:
                    self._changed.wait()
                if not self._waiting:
                    self._done.set()
                    return
                alert = self._waiting.popleft()
            self._try(alert)

    def _try(self, alert: Alert) -> None:
        try:
            self.sink.send(alert)
        except Exception as error:
            # only our own messages are known to hold no secret
            known = isinstance(error, AlertError)
            self.counts.failed += 1
            self._warn(alert, str(error) if known else f"internal error: {type(error).__name__}")
        else:
            self.counts.delivered += 1

    def _warn(self, alert: Alert, reason: str) -> None:
        where = f"{timecode(alert.event.start)} of '{printable(alert.source)}'"
        logger.warning("%s: not told of the event at %s: %s", self.sink.name, where, reason)
