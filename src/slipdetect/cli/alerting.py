"""Alerts of ``slipdetect detect``: made from options, and told of at the end.

In: options. Out: ``Alerts``, and a closing line on stderr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from slipdetect.cli.alert_options import TIMEOUT
from slipdetect.cli.console import Console
from slipdetect.sinks.sink import refuse

if TYPE_CHECKING:
    from slipdetect.alerts import Alerts, Counts
    from slipdetect.alerts.sink import Sink


def make_alerts(options: Mapping[str, Any]) -> Alerts | None:
    """Return what ``--on-event`` and ``--webhook`` ask for, or None.

    Raises:
        UsageError: A command or an address cannot be used, or there is none to which other
            options apply.
    """
    command, address = options["on_event"], options["webhook"]
    if command is None and address is None:
        refuse(options, ("cooldown", "alert_timeout"), "--on-event and --webhook; give one")
        return None
    from slipdetect.alerts import Alerts, Command, Webhook

    timeout = TIMEOUT if options["alert_timeout"] is None else options["alert_timeout"]
    sinks: list[Sink] = []
    if command is not None:
        sinks.append(Command(command, timeout))
    if address is not None:
        sinks.append(Webhook(address, timeout))
    return Alerts(sinks, 0.0 if options["cooldown"] is None else options["cooldown"])


@contextmanager
def close_alerts(console: Console, alerts: Alerts | None) -> Iterator[None]:
    """Wait for alerts when the block ends, and say what became of them."""
    try:
        yield
    finally:
        if alerts is not None:
            counts = alerts.close()
            line = summary(alerts.events, alerts.suppressed, counts)
            if any(each.failed or each.untried for _, each in counts):
                console.warn(line)
            elif alerts.events:
                console.note(line)


def summary(events: int, suppressed: int, counts: Sequence[tuple[str, Counts]]) -> str:
    """Return in one line what became of the alerts."""
    parts = [f"{events} event{'' if events == 1 else 's'}"]
    if suppressed:
        parts[0] += f", {suppressed} held back by --cooldown"
    for name, each in counts:
        numbers = ((each.failed, "failed"), (each.untried, "not tried"))
        more = [f", {number} {word}" for number, word in numbers if number]
        parts.append(f"{name} {each.delivered} done" + "".join(more))
    return "alerts: " + "; ".join(parts)
