"""Looking at several videos at once with one model, as if they were looked at one after the other.

In: a function that detects, the sources in order. Out: one that does the same, and is ahead.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from slipdetect.cli.batch import Detect, OnEvent, Progress
    from slipdetect.detection import DetectionResult


_Told = SimpleQueue[tuple[str, tuple[Any, ...]]]


class _Stopped(Exception):
    """Nobody waits any more."""


@dataclass
class _Running:
    """A video that a thread looks at, and what it has to tell: (a callback, its arguments)."""

    future: Future[DetectionResult]
    told: _Told


class SideBySide:
    """Detects in videos before their turn comes, in threads that share the model.

    Decoding, flow and networks leave Python's lock, so that threads suffice, and the model is in
    memory once. Callbacks are called in the caller's thread, each in the turn of its video.

    Args:
        detect: Finds the events of a source.
        sources: In the order in which they will be asked for.
        count: At once.
    """

    def __init__(self, detect: Detect, sources: Sequence[str], count: int) -> None:
        self._detect = detect
        self._waiting = deque(sources)
        self._count = count
        self._pool = ThreadPoolExecutor(count, "slipdetect-video")
        self._running: deque[_Running] = deque()
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, source: str, on_progress: Progress, on_event: OnEvent) -> DetectionResult:
        """Return the result of the next source, or raise its error."""
        while self._waiting and len(self._running) < self._count:
            self._begin(self._waiting.popleft())
        turn = self._running.popleft()
        callbacks: dict[str, Callable[..., None]] = {"progress": on_progress, "event": on_event}
        while (item := turn.told.get())[0] != "end":
            callbacks[item[0]](*item[1])
        return turn.future.result()

    def _begin(self, source: str) -> None:
        told: _Told = SimpleQueue()

        def tell(what: str, *arguments: Any) -> None:
            if self._stop.is_set():
                raise _Stopped
            told.put((what, arguments))

        future = self._pool.submit(
            self._detect, source, partial(tell, "progress"), partial(tell, "event")
        )
        future.add_done_callback(lambda _: told.put(("end", ())))
        self._running.append(_Running(future, told))
