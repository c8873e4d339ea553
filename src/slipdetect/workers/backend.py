"""Where workers run: what a kind of them must offer to ``Crew``.

In: nothing. Out: the protocols ``Worker`` and ``Backend``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol, Self

from slipdetect.workers.task import Make
from slipdetect.workers.words import Word


class Worker(Protocol):
    """A process somewhere that does one task at a time."""

    def give(self, files: Sequence[str], task: object) -> None:
        """Hand it a task; it has said before that it is ready, or how its last task went.

        Args:
            files: Those of the video, by the paths that they have on every machine.
            task: What its ``Make`` understands.
        """
        ...

    def stop(self, level: int) -> None:
        """Tell the task at work when to stop: ``SOON`` or ``AT_ONCE``."""
        ...


class Backend(Protocol):
    """Starts workers and listens to them; a ``with`` block, at whose end none is left."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: object) -> None: ...

    def room(self) -> int:
        """Return how many workers may run now; it may change as machines come and go."""
        ...

    def begin(self, make: Make[Any, Any]) -> Worker:
        """Start a worker, without waiting for it: its first word is ``Ready``, ``Failed`` or
        ``Lost``."""
        ...

    def heard(self, workers: Collection[Worker], seconds: float) -> Sequence[tuple[Worker, Word]]:
        """Return what workers say, in the order in which each says it; empty after ``seconds``."""
        ...

    def end(self, workers: Collection[Worker]) -> None:
        """End workers: those at work get a moment to stop by themselves."""
        ...
