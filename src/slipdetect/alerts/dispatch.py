"""Every event of every source to every sink, with a cooldown between alerts.

In: events as they become final. Out: alerts in the sinks' queues, and counts at the end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from slipdetect.alerts.alert import Alert, Sink
from slipdetect.alerts.delivery import Counts, Delivery
from slipdetect.errors import UsageError
from slipdetect.types import Event


class Alerts:
    """Tells sinks of events; a context manager that waits for them at the end.

    Args:
        sinks: Who is told, each in a thread of its own.
        cooldown: After an alert events of the same source that begin less than this many seconds
            of video after its end are not told of.

    Attributes:
        events: Events seen.
        suppressed: Those of them that the cooldown held back.

    Raises:
        UsageError: The cooldown is no number of seconds.
    """

    def __init__(self, sinks: Iterable[Sink], cooldown: float = 0.0) -> None:
        if not (math.isfinite(cooldown) and cooldown >= 0):
            raise UsageError(f"a cooldown must be seconds, at least 0, not {cooldown}")
        self.events = 0
        self.suppressed = 0
        self._cooldown = cooldown
        self._deliveries = [Delivery(sink) for sink in sinks]

    def about(self, source: str, model: str) -> Callable[[Event], None]:
        """Return the ``on_event`` of one source.

        Args:
            source: Name of the video.
            model: Name of the model that looks at it.
        """
        quiet_until = -math.inf

        def on_event(event: Event) -> None:
            nonlocal quiet_until
            self.events += 1
            if event.start < quiet_until:
                self.suppressed += 1
                return
            quiet_until = event.end + self._cooldown
            alert = Alert(source, model, event)
            for delivery in self._deliveries:
                delivery.put(alert)

        return on_event

    def close(self) -> list[tuple[str, Counts]]:
        """Wait for the sinks as long as each allows; return their names and counts."""
        try:
            return [(delivery.sink.name, delivery.close()) for delivery in self._deliveries]
        finally:  # the wait may be interrupted
            for delivery in self._deliveries:
                delivery.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
