"""What everything that takes alerts looks like.

In: alerts one by one. Out: nothing, or an ``AlertError``.
"""

from __future__ import annotations

from typing import Protocol

from slipdetect.alerts.alert import Alert


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
