"""Sending alerts: the queue that keeps detection from waiting for them.

In: events as they become final. Out: ``AlertSink``, which a way of sending extends.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from slipdetect._text import printable, timecode
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.outbox import Outbox
from slipdetect.sinks.sink import Alert, Sink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult
    from slipdetect.detection.live import LiveSummary

logger = logging.getLogger(__name__)

TIMEOUT = 10.0  # of a command or a request, seconds
_ROOM = 100
_REMEMBERED = 100  # alerts whose events may go on; the last minute's would do
_SECONDS_TO_STOP = 5.0


class AlertSink(Sink):
    """Sends an alert for every event, in order, from a thread of its own.

    Args:
        cooldown: After an alert, events of the same source that begin less than this many seconds
            of video after its end have none.
        room: Alerts that may wait; more are not attempted.

    Attributes:
        name: What the sink is called in messages.
        drain_timeout: Seconds that the end of a run waits for alerts not sent yet; None: until
            every one of them was attempted.
        seen: Events seen, and times that it was told what became of somebody.
        suppressed: Those of them that the cooldown held back.
        delivered: Alerts that were sent.
        failed: Alerts that could not be sent.
        not_attempted: Alerts given up because the queue was full or the end did not wait for them.

    Raises:
        UsageError: The cooldown is not a number of seconds.
    """

    heading = "Alerts"
    completed = None
    for_live = True
    settings = ("cooldown", "alert_timeout")
    name: ClassVar[str]
    drain_timeout: ClassVar[float | None] = None

    def __init__(self, cooldown: float | None = None, room: int = _ROOM) -> None:
        super().__init__()
        self._cooldown = 0.0 if cooldown is None else cooldown
        if not (math.isfinite(self._cooldown) and self._cooldown >= 0):
            raise UsageError(f"a cooldown must be seconds, at least 0, not {cooldown}")
        self.seen = self.suppressed = 0
        self.delivered = self.failed = self.not_attempted = 0
        self._room = room
        self._quiet_until: dict[str, float] = {}
        self._taken: deque[str] = deque(maxlen=_REMEMBERED)
        self._outbox = Outbox(f"slipdetect-{self.name}", self._try, room)
        self._stopped = threading.Event()

    def send(self, alert: Alert) -> None:
        """Send one alert; it may take its time.

        Raises:
            AlertError: It could not be sent; the message holds no secret.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Make a ``send`` that is going on end soon, from another thread; no other follows."""
        self._stopped.set()

    def event(self, alert: Alert) -> None:
        """Put an alert in the queue, unless the cooldown holds it back or the queue is full."""
        self.seen += 1
        if alert.event.start < self._quiet_until.get(alert.source, -math.inf):
            self.suppressed += 1
            return
        self._quiet_until[alert.source] = alert.event.end + self._cooldown
        self._taken.append(alert.id)
        self._put(alert)

    def aftermath(self, alert: Alert) -> None:
        """Put it in the queue if the alert of its event was."""
        if alert.of in self._taken:
            self.seen += 1
            self._put(alert)

    @property
    def counts(self) -> Mapping[str, int]:
        return {
            "sent": self.delivered,
            "held_back": self.suppressed,
            "failed": self.failed,
            "not_attempted": self.not_attempted,
        }

    def _put(self, alert: Alert) -> None:
        if self._outbox.put(alert) is not None:
            self.not_attempted += 1
            self._warn(alert, f"{self._room} others wait already")

    def result(self, result: DetectionResult) -> None:
        """Forget the cooldown of a video that is done."""
        self._quiet_until.pop(result.source, None)

    def summary(self, source: str, summary: LiveSummary, ended: str) -> None:
        """Forget that of a camera too: one that begins anew has other times."""
        self._quiet_until.pop(source, None)

    def __exit__(self, kind: object = None, error: object = None, *_: object) -> None:
        """Wait for ``drain_timeout``, or not at all after Ctrl-C; give up the rest and say so."""
        try:
            interrupted = isinstance(error, KeyboardInterrupt)
            self._outbox.end(0.0 if interrupted else self.drain_timeout)
        finally:  # the wait may be interrupted
            if not self._outbox.done:
                self.not_attempted += len(self._outbox.give_up())
                self.stop()
                self._outbox.end(_SECONDS_TO_STOP)
            self._report()

    def _report(self) -> None:
        counts = {
            "held back by the cooldown": self.suppressed,
            "failed": self.failed,
            "not attempted": self.not_attempted,
        }
        parts = [f"{self.delivered} of {self.seen} alert{'' if self.seen == 1 else 's'} sent"]
        parts += [f"{count} {what}" for what, count in counts.items() if count]
        line = f"{self.name}: {', '.join(parts)}"
        if self.failed or self.not_attempted:
            logger.warning("%s", line)
        elif self.seen:
            self.remarks.append(line)

    def _try(self, alert: Alert) -> None:
        try:
            self.send(alert)
        except Exception as error:
            # only our own messages are known to hold no secret
            known = isinstance(error, AlertError)
            self.failed += 1
            self._warn(alert, str(error) if known else f"internal error: {type(error).__name__}")
        else:
            self.delivered += 1

    def _warn(self, alert: Alert, reason: str) -> None:
        where = f"{timecode(alert.event.start)} of '{printable(alert.source)}'"
        logger.warning("%s: no alert for the event at %s: %s", self.name, where, reason)
