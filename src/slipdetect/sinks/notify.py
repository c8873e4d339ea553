"""Alerts as notifications of a hundred services, by apprise: ``--notify``."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from slipdetect._lazy import require
from slipdetect._text import printable, timecode
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.alert import AlertSink
from slipdetect.sinks.sink import Alert, Setup
from slipdetect.sinks.tries import PAUSES
from slipdetect.types.aftermath import what_followed

if TYPE_CHECKING:
    import apprise

# a comma may belong to an address, so only one before another address parts them
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_SECONDS_IN_ALL = 60.0  # of one service, and of the pauses
_STATES = {"still_down": "still down", "up_again": "up again"}


class Notify(AlertSink):
    """Notifies people of every alert, and of what became of the person.

    Every service is tried once; those that failed are tried again after 1, 2, 4 and 8 s, each for
    a minute in all. No message repeats more of an address than the protocol.

    Args:
        addresses: Of apprise, between spaces, line ends or commas.
        timeout: Seconds to wait for a connection, and for an answer; None: what apprise waits.
        cooldown: As for ``AlertSink``.
        pauses: Seconds before each further try.

    Raises:
        UsageError: apprise cannot use an address.
        LibraryError: apprise is not installed.
    """

    option = "--notify"
    metavar = "URLS"
    help = "Notify people by apprise (mail, ntfy ...); set secret URLs by a variable."
    name = "notify"
    drain_timeout = 30.0

    def __init__(
        self,
        addresses: str,
        timeout: float | None = None,
        cooldown: float | None = None,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        super().__init__(cooldown)
        library = require("apprise", "watch")
        # it logs parts of addresses, and what nobody takes Python prints
        logging.getLogger("apprise").addHandler(logging.NullHandler())
        asset = library.AppriseAsset(app_id="slipdetect", app_desc="slipdetect", app_url="")
        each = list(filter(None, _BETWEEN.split(addresses.strip(" \t\r\n,"))))
        if not each:
            raise UsageError("--notify is empty; give an address of apprise, such as ntfy://TOPIC")
        self._services = [_service(library, text, asset, timeout) for text in each]
        self._pauses = pauses

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(given, setup.alert_timeout, setup.cooldown)

    def send(self, alert: Alert) -> None:
        """Notify by every service; those that took it are not asked again.

        Raises:
            AlertError: A service took it in none of the tries.
        """
        title, text = notice(alert)
        kind = "success" if alert.type == "up_again" else "warning"
        everyone = [
            _Delivery(name, partial(self._notify, service, title, text, kind))
            for name, service in self._services
        ]
        left, paused = everyone, 0.0
        # in turns, so that a service that is dead keeps no other waiting while it is tried again
        for pause in (*self._pauses, None):
            for each in left:
                each.go()
            left = [each for each in left if each.reason and not self._stopped.is_set()]
            if pause is None:
                break
            paused += pause
            left = [each for each in left if each.seconds + paused < _SECONDS_IN_ALL]
            if not left or self._stopped.wait(pause):
                break
        failed = [each.told for each in everyone if each.reason]
        if failed:
            raise AlertError("; ".join(failed))

    def _notify(self, service: apprise.Apprise, title: str, text: str, kind: str) -> str:
        """Notify once, in the time that the service's address allows; return what went wrong."""
        if self._stopped.is_set():
            return "was not asked: the run was ended"
        if service.notify(body=text, title=title, notify_type=kind, body_format="text"):
            return ""
        return "could not be reached, or refused it"


@dataclass
class _Delivery:
    """One alert on its way to one service.

    Attributes:
        name: What messages call the service.
        once: Tries once and returns what went wrong; empty: nothing.
        reason: What went wrong in the last try.
        tries: How often it was tried.
        seconds: That this took, without what the other services took.
    """

    name: str
    once: Callable[[], str]
    reason: str = ""
    tries: int = 0
    seconds: float = 0.0

    def go(self) -> None:
        begin = time.monotonic()
        self.reason = self.once()
        self.tries += 1
        self.seconds += time.monotonic() - begin

    @property
    def told(self) -> str:
        tries = "1 try" if self.tries == 1 else f"{self.tries} tries"
        return f"{self.name} {self.reason} ({tries})"


def notice(alert: Alert) -> tuple[str, str]:
    """Return title and text of an alert, for people."""
    event, name = alert.event, printable(alert.source)
    told = datetime.fromisoformat(alert.created).astimezone()
    span = f"from {timecode(event.start)} to {timecode(event.end)}"
    words = [f"{event.label} {span}", f"score {event.score:.2f}"]
    if followed := what_followed(event):
        words.append(followed)
    words.append(f"told at {told:%Y-%m-%d %H:%M:%S}")
    return f"{_STATES.get(alert.type, event.label)}: {name}", ", ".join(words)


def _service(
    library: Any, text: str, asset: Any, timeout: float | None
) -> tuple[str, apprise.Apprise]:
    """Return what messages call a service, and the service alone."""
    found = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)://", text)
    name = "an address without protocol" if found is None else f"{found[1].lower()}://..."
    made = library.Apprise.instantiate(text, asset=asset, suppress_exceptions=True)
    if made is None:
        raise UsageError(
            f"--notify: apprise cannot use {name}; it knows no such service, or a part of its "
            "address is missing"
        )
    if timeout is not None:
        made.socket_connect_timeout = made.socket_read_timeout = timeout
    service = library.Apprise(asset=asset)
    service.add(made)
    return name, service
