"""Alerts as notifications of a hundred services, by apprise: ``--notify``.

In: addresses of apprise. Out: a title and a text per alert and service, tried again; no secret is
repeated.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from slipdetect._lazy import require
from slipdetect._text import printable, timecode
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.alert import AlertSink
from slipdetect.sinks.sink import Alert, Setup
from slipdetect.sinks.tries import PAUSES, try_again
from slipdetect.types.aftermath import what_followed

if TYPE_CHECKING:
    import apprise

# a comma may belong to an address, so only one before another address parts them
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_STATES = {"still_down": "still down", "up_again": "up again"}


class Notify(AlertSink):
    """Notifies people of every alert, and of what became of the person.

    A service that failed is tried again after 1, 2, 4 and 8 s, for a minute in all. No message
    repeats more of an address than the protocol.

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
        failed: dict[int, str] = {}

        def deliver(number: int, name: str, service: apprise.Apprise) -> None:
            def once(left: float) -> tuple[str | None, bool]:
                if self._stopped.is_set():
                    return "was not asked: the run was ended", True
                try:
                    if service.notify(body=text, title=title, notify_type=kind, body_format="text"):
                        return None, False
                except Exception as error:  # its text may hold a secret
                    return f"failed within apprise: {type(error).__name__}", True
                return "could not be reached, or refused it", False

            if reason := try_again(once, self._stopped, self._pauses):
                failed[number] = f"{name} {reason}"

        # side by side, so that a service that is dead keeps no other waiting
        threads = [
            threading.Thread(target=deliver, args=(number, *each), daemon=True)
            for number, each in enumerate(self._services)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise AlertError("; ".join(failed[number] for number in sorted(failed)))


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
