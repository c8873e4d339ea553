"""Where the time of a detection went, by stage and thread, at a few microseconds a measurement.

In: a ``Stopwatch`` around the calls and iterators of a run. Out: seconds by stage.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from slipdetect.types.profile import Stage, stages

T = TypeVar("T")

# the stages of ``Detector.detect``; there is one for each network, by its modality, too
READING = "reading and decoding"
FLOW = "optical flow"
CUTTING = "cutting snippets"
WAITING = "waiting for snippets"
SCORING = "waiting for networks"
NETWORK = "network {}"
JUDGING = "windows"
CALLBACKS = "callbacks"

_STATUS = Path("/proc/self/status")


class Stopwatch:
    """Adds up the time of stages in any number of threads.

    A stage within another one is taken off the outer one, so that no second counts twice in a
    thread.

    Args:
        clock: Returns seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._owner = threading.get_ident()
        self._lock = threading.Lock()
        self._found: dict[tuple[str, bool], float] = {}
        self._running = threading.local()
        self._began = clock()

    @property
    def seconds(self) -> float:
        """Time since the stopwatch was made."""
        return self._clock() - self._began

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What was measured so far."""
        with self._lock:
            return stages(self._found)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block."""
        outer: list[float] | None = getattr(self._running, "within", None)
        within = [0.0]
        self._running.within = within
        begin = self._clock()
        try:
            yield
        finally:
            took = self._clock() - begin
            self._running.within = outer
            if outer is not None:
                outer[0] += took
            key = (name, threading.get_ident() != self._owner)
            with self._lock:
                self._found[key] = self._found.get(key, 0.0) + took - within[0]

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Yield ``items`` and measure how long each lets wait."""
        with self.stage(name):
            source = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item


def peak_memory() -> int | None:
    """Return the most memory that this process has held so far, bytes; None if unknown."""
    try:
        # getrusage keeps what the process that started this one held
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
