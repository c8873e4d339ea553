"""Turns at the CPUs for the threads of many live sources."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from itertools import count

_NICER = 5


class Turns:
    """Lets few threads compute at a time: what has waited longest goes first.

    Threads that share CPUs among all of them end all at the same late moment; one behind the other
    most of them end sooner, and less memory is in use at once.

    Args:
        most: Threads that compute at the same time.
    """

    def __init__(self, most: int) -> None:
        self._free = most
        self._waiting: list[tuple[float, int, threading.Lock]] = []
        self._order = count()  # of those that have waited equally long the first
        self._lock = threading.Lock()

    def take(self, since: float) -> None:
        """Wait for a turn.

        Args:
            since: When what is to be computed was there, seconds of any one clock.
        """
        with self._lock:
            if self._free:
                self._free -= 1
                return
            gate = threading.Lock()
            gate.acquire()
            heappush(self._waiting, (since, next(self._order), gate))
        gate.acquire()

    def give(self) -> None:
        """End the turn of this thread."""
        with self._lock:
            if self._waiting:
                heappop(self._waiting)[2].release()
            else:
                self._free += 1

    @contextmanager
    def taken(self, since: float) -> Iterator[None]:
        """Take a turn for the block."""
        self.take(since)
        try:
            yield
        finally:
            self.give()


def let_others_first(by: int = _NICER) -> None:
    """Lower the priority of this thread, where each has its own (Linux), so that others read.

    A source that nobody reads in time waits in buffers of the network, where nobody counts it.
    Threads that this one starts have its priority.

    Args:
        by: How much nicer it becomes.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # not allowed everywhere
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, 0) + by)
