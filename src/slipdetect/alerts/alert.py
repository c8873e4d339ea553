"""What is told of an event to those who asked to hear of it, and what those look like.

In: an event, its source and its model. Out: an ``Alert`` and its JSON; ``Sink``, which takes it.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from slipdetect._text import plain_name
from slipdetect.types import Event
from slipdetect.types.export import event_data

VERSION = 1


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _new_id() -> str:
    return uuid.uuid4().hex


@dataclass(frozen=True)
class Alert:
    """One event to tell of.

    Attributes:
        source: Name of the video as it was given.
        model: Name of the model package.
        event: What was found.
        created: When it was known, ISO 8601 in UTC.
        id: 32 hex digits, the same however often delivery is tried.
    """

    source: str
    model: str
    event: Event
    created: str = field(default_factory=_now)
    id: str = field(default_factory=_new_id)

    @property
    def name(self) -> str:
        """The source's name without what an address may hold, such as a password."""
        return plain_name(self.source)

    def to_json(self) -> str:
        """Return the alert as one line of ASCII JSON, ending in a line feed."""
        data = {
            "version": VERSION,
            "id": self.id,
            "created": self.created,
            "source": {"name": self.name},
            "model": {"name": self.model},
            "event": event_data(self.event),
        }
        return json.dumps(data, ensure_ascii=True, allow_nan=False) + "\n"


class Sink(Protocol):
    """A way to tell somebody; it may take its time, for it runs in a thread of its own.

    Attributes:
        name: What it is called in warnings.
        patience: Seconds that the end of a run waits for alerts not delivered yet; None: until
            every one of them was tried.
    """

    name: str
    patience: float | None

    def send(self, alert: Alert) -> None:
        """Deliver one alert.

        Raises:
            AlertError: It could not be delivered; the message holds no secret.
        """

    def stop(self) -> None:
        """Make a ``send`` that is going on end soon, from another thread; no other follows."""
