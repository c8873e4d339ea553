"""Turns at the CPUs, and a queue at one GPU, for the threads of many live sources.

In: threads that want to compute, and since when. Out: as many of them at a time as there are CPUs.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

S = TypeVar("S")
R = TypeVar("R")

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
    """
    if sys.platform == "linux":
        with suppress(OSError):  # not allowed everywhere
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, 0) + by)


class ScoringQueue(Generic[S, R]):
    """Scores what many threads ask for, in turn, so that none of them goes short.

    What waits at the same moment is scored in one call, up to ``most`` items: a GPU computes them
    in little more time than one.

    Args:
        score: Returns a result for each of the items; called by one thread.
        most: Items in a call, if not one thread alone asks for more.
    """

    def __init__(self, score: Callable[[Sequence[S]], list[R]], most: int) -> None:
        self._score = score
        self._most = most
        self._asked: deque[tuple[Sequence[S], Future[list[R]]]] = deque()
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="slipdetect-scorer", daemon=True).start()

    def ask(self, items: Sequence[S]) -> list[R]:
        """Return the results of ``items``, in order, when it is their turn.

        Raises:
            BaseException: What ``score`` raises.
        """
        future: Future[list[R]] = Future()
        with self._changed:
            self._asked.append((items, future))
            self._changed.notify()
        return future.result()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._asked:
                    self._changed.wait()
                taken = [self._asked.popleft()]
                count = len(taken[0][0])
                while self._asked and count + len(self._asked[0][0]) <= self._most:
                    taken.append(self._asked.popleft())
                    count += len(taken[-1][0])
            try:
                results = iter(self._score([item for items, _ in taken for item in items]))
            except BaseException as error:  # raised where it was asked for
                for _, future in taken:
                    future.set_exception(error)
                continue
            for items, future in taken:
                future.set_result([next(results) for _ in items])
