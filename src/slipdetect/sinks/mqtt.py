"""Falls as sensors of Home Assistant, and alerts as messages, by an MQTT broker: ``--mqtt``.

In: what happens to cameras and in them. Out: messages, in order; none is lost while the broker is
away, unless there are too many.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Self

from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.outbox import Outbox
from slipdetect.sinks.sink import Alert, Setup, Sink

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.detection.live import LiveEvent, LiveSummary
    from slipdetect.sinks.fall_sensor import FallSensor, Message

logger = logging.getLogger(__name__)

HOLD = 120.0  # seconds
_ROOM = 5000  # messages; an event and what became of its person are about fifteen
_PATIENCE = 5.0  # for the first connection, seconds
_DRAIN = 10.0  # at the end, seconds
_SECONDS_TO_STOP = 5.0


class Mqtt(Sink):
    """A binary sensor for each camera, by Home Assistant's discovery, and a topic of its alerts.

    One sink may serve any number of cameras.

    Args:
        address: ``mqtt[s]://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC_PREFIX]``.
        cameras: Names of the sources that are known.
        hold: Seconds that a sensor stays on after the last news of an event; None: 120.
        room: Messages that may wait; of more the oldest are lost.

    Attributes:
        sent: Messages that the broker has acknowledged.
        failed: Messages that it refused.
        lost: Messages that found no room, or were given up at the end.

    Raises:
        UsageError: The address or the hold time cannot be used.
        LibraryError: paho-mqtt is not installed.
    """

    option = "--mqtt"
    metavar = "URL"
    completed = None
    help = "Tell an MQTT broker and Home Assistant of falls; set a secret URL by a variable."
    heading = "Alerts"
    settings = ("mqtt_hold",)
    for_files = False
    for_live = True

    def __init__(
        self,
        address: str,
        cameras: Sequence[str],
        hold: float | None = None,
        room: int = _ROOM,
    ) -> None:
        from slipdetect.sinks.mqtt_connection import Broker, Connection

        super().__init__()
        self._hold = HOLD if hold is None else hold
        if not (math.isfinite(self._hold) and self._hold > 0):
            raise UsageError(f"mqtt_hold='{hold}' must be seconds above 0")
        self.sent = self.failed = self.lost = 0
        self._room = room
        self._cameras = list(cameras)
        broker = Broker.parse(address)
        self._prefix = broker.prefix
        # several programs may use one prefix, and none may say that another one is offline
        own = hashlib.sha256("\n".join(cameras).encode("utf-8", "replace")).hexdigest()[:8]
        self._status = f"{broker.prefix}/process-{own}/availability"
        self._connection = Connection(broker, self._status)
        self._outbox: Outbox[Message] = Outbox("slipdetect-mqtt", self._send, room, newest=True)
        self._sensors: dict[str, FallSensor] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._ended = False
        self._warned: set[str] = set()

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(given, setup.sources, setup.mqtt_hold)

    def open(self, detector: Detector | None) -> None:
        """Make the cameras known and connect.

        Raises:
            AlertError: The broker refuses this client; one that is not there is tried again.
        """
        super().open(detector)
        with self._lock:
            for name in self._cameras:
                self._sensor(name)
        self._connection.open(_PATIENCE)

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        """Take what happens to a camera or in it; one that is new is made known."""
        with self._lock:
            self._put(self._sensor(source).take(event, now, time.monotonic()))
            self._wait_for_holds()

    def event(self, alert: Alert) -> None:
        with self._lock:
            self._put([self._sensor(alert.source).alert(alert)])

    def aftermath(self, alert: Alert) -> None:
        self.event(alert)

    def summary(self, source: str, summary: LiveSummary, ended: str) -> None:
        with self._lock:
            self._put(self._sensor(source).end())

    @property
    def counts(self) -> Mapping[str, int]:
        return {"sent": self.sent, "failed": self.failed, "lost": self.lost}

    def __exit__(self, kind: object = None, error: object = None, *_: object) -> None:
        """Wait a while for what waits, or not at all after an error; then leave and count."""
        with self._lock:
            self._ended = True
            if self._timer is not None:
                self._timer.cancel()
        try:
            self._outbox.end(_DRAIN if error is None else 0.0)
        finally:  # the wait may be interrupted
            self.lost += len(self._outbox.give_up())
            self._connection.stop()
            self._outbox.end(_SECONDS_TO_STOP)
            self._connection.close()
            if not isinstance(error, AlertError):  # which says that there was no broker
                self._report()

    def _sensor(self, camera: str) -> FallSensor:
        from slipdetect.sinks.fall_sensor import FallSensor

        if camera not in self._sensors:
            made = FallSensor(camera, self._prefix, self._status, self._hold)
            self._sensors[camera] = made
            self._put(made.begin())
        return self._sensors[camera]

    def _put(self, messages: Sequence[Message]) -> None:
        for message in messages:
            oldest = self._outbox.put(message)
            if oldest is not None:
                if not self.lost:
                    logger.warning("mqtt: %d messages wait; the oldest are lost now", self._room)
                self.lost += 1
                self._connection.skip(oldest)

    def _wait_for_holds(self) -> None:
        """Let a thread wait for the next hold time to be over."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waits = [each.deadline for each in self._sensors.values() if each.deadline is not None]
        if waits and not self._ended:
            left = max(min(waits) - time.monotonic(), 0.0)
            self._timer = threading.Timer(left, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        with self._lock:
            if self._ended:
                return
            for sensor in self._sensors.values():
                self._put(sensor.expire(time.monotonic()))
            self._wait_for_holds()

    def _send(self, message: Message) -> None:
        try:
            sent = self._connection.send(message)
        except AlertError as error:
            self.failed += 1
            if str(error) not in self._warned:
                self._warned.add(str(error))
                logger.warning("mqtt: %s", error)
            return
        if sent:
            self.sent += 1
        else:
            self.lost += 1

    def _report(self) -> None:
        total = self.sent + self.failed + self.lost
        line = f"mqtt: {self.sent} of {total} messages sent"
        if self.failed or self.lost:
            counts = {"refused": self.failed, "lost": self.lost}
            parts = [f"{count} {what}" for what, count in counts.items() if count]
            logger.warning("%s", ", ".join([line, *parts]))
        elif total:
            self.remarks.append(line)
