"""A camera as a sensor of falls in Home Assistant: when it is on, and what is said of it.

In: what happens to a camera and in it. Out: MQTT messages, which another one sends.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import slipdetect
from slipdetect._text import iso_time, plain_name
from slipdetect.detection.live import EventFinal, EventStarted, StillDown, UpAgain
from slipdetect.sinks.sink import Alert
from slipdetect.types.export import event_data, json_text, rounded
from slipdetect.video.live import Reconnected, Reconnecting, Started

if TYPE_CHECKING:
    from slipdetect.detection.live import LiveEvent

ONLINE, OFFLINE = "online", "offline"
_DISCOVERY = "homeassistant/binary_sensor"
_ODD = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Message:
    """An MQTT message.

    Attributes:
        topic: Where it goes.
        payload: What it says.
        retain: The broker keeps it for those who come later.
    """

    topic: str
    payload: str
    retain: bool = True


class FallSensor:
    """A binary sensor that is on while somebody of an event may be down.

    It goes off when the person of every event is up again, or when nothing was heard of the event
    for the hold time.

    Args:
        camera: Name of the source.
        prefix: Of its topics.
        status: Topic that says whether this program runs.
        hold: Seconds that it stays on after the last news of an event.
    """

    def __init__(self, camera: str, prefix: str, status: str, hold: float) -> None:
        self._name = plain_name(camera)
        own = topic_name(self._name)
        self._base = f"{prefix}/{own}"
        self._ident = "_".join((*map(topic_name, prefix.split("/")), own))
        self._status = status
        self._hold = hold
        self._began: datetime | None = None
        self._until: dict[int, float] = {}
        self._attributes: dict[str, Any] = {"camera": self._name}

    @property
    def deadline(self) -> float | None:
        """When ``expire`` has something to do, seconds of the clock; None: nothing waits."""
        return min(self._until.values(), default=None)

    def begin(self) -> list[Message]:
        """Return what makes the sensor known, off, and not available until frames come."""
        unique = f"{self._ident}_fall"
        data = {
            "name": "Fall",
            "unique_id": unique,
            "device_class": "safety",  # on is unsafe, off is safe
            "state_topic": f"{self._base}/fall",
            "payload_on": "ON",
            "payload_off": "OFF",
            "json_attributes_topic": f"{self._base}/attributes",
            "availability": [{"topic": self._status}, {"topic": f"{self._base}/availability"}],
            "availability_mode": "all",
            "qos": 1,
            "device": {
                "identifiers": [self._ident],
                "name": self._name,
                "manufacturer": "slipdetect",
                "sw_version": slipdetect.__version__,
            },
            "origin": {"name": "slipdetect", "sw_version": slipdetect.__version__},
        }
        known = Message(f"{_DISCOVERY}/{unique}/config", json_text(data))
        return [known, self._available(OFFLINE), self._described(), self._state()]

    def take(self, event: LiveEvent, now: datetime, clock: float) -> list[Message]:
        """Return what is to be said of something that happened.

        Args:
            event: What happened.
            now: Time of day, with a time zone.
            clock: Seconds of a clock that never goes back.
        """
        if isinstance(event, Started | Reconnected):
            self._began = now if isinstance(event, Started) else self._began
            return [self._available(ONLINE)]
        if isinstance(event, Reconnecting):
            return self.end()
        if not isinstance(event, EventStarted | EventFinal | StillDown | UpAgain):
            return []
        if isinstance(event, EventStarted) and not event.sure:
            return []
        messages = self.expire(clock)
        on = bool(self._until)
        if isinstance(event, UpAgain):
            self._until.pop(event.id, None)
        else:
            self._until[event.id] = clock + self._hold
        self._attributes = self._facts(event)
        changed = on != bool(self._until)
        return [*messages, self._described(), *([self._state()] if changed else [])]

    def expire(self, clock: float) -> list[Message]:
        """Return that the sensor is off, if the hold time of the last event is over."""
        on = bool(self._until)
        self._until = {key: until for key, until in self._until.items() if until > clock}
        if not on or self._until:
            return []
        self._attributes = {**self._attributes, "status": "hold_over"}
        return [self._described(), self._state()]

    def alert(self, alert: Alert) -> Message:
        """Return the message of an alert, which nobody gets later."""
        return Message(f"{self._base}/event", alert.to_json().rstrip("\n"), retain=False)

    def end(self) -> list[Message]:
        """Return that the camera gives nothing."""
        return [self._available(OFFLINE)]

    def _available(self, payload: str) -> Message:
        return Message(f"{self._base}/availability", payload)

    def _state(self) -> Message:
        return Message(f"{self._base}/fall", "ON" if self._until else "OFF")

    def _described(self) -> Message:
        return Message(f"{self._base}/attributes", json_text(self._attributes))

    def _facts(self, event: EventStarted | EventFinal | StillDown | UpAgain) -> dict[str, Any]:
        if isinstance(event, EventStarted):
            status, start, moment = "onset", event.start, event.time_of_day
            told = {"start": rounded(start), "score": rounded(event.probability)}
        else:
            names = {EventFinal: "event", StillDown: "still_down", UpAgain: "up_again"}
            found = event.event
            status, start, moment = names[type(event)], found.start, found.time_of_day
            told = event_data(found)
        facts = {"camera": self._name, "status": status, "id": event.id}
        if moment is None and self._began is not None:
            moment = iso_time(self._began + timedelta(seconds=start))
        if moment is not None:
            facts["time"] = moment
        return {**facts, **told}


def topic_name(name: str) -> str:
    """Return a name as topics and identifiers of Home Assistant may have it, a different one each.

    Letters, digits, ``_`` and ``-`` stay; where something else was replaced a hash keeps names
    apart.
    """
    plain = _ODD.sub("-", name).strip("-")
    if plain == name:
        return plain
    return f"{plain[:60]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}".lstrip("-")
