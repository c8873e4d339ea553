"""A bounded queue that hands things on, in order, from a thread of its own.

In: items, from any thread. Out: calls with one item each; what had no room or was given up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Outbox(Generic[T]):
    """Hands items on one at a time; who puts them in never waits.

    Args:
        name: Of the thread, which starts with the first item.
        hand_on: Takes an item; it may take its time and must not raise.
        room: Items that may wait.
        newest: Where there is no room the oldest item is lost, not the one that comes.
    """

    def __init__(
        self, name: str, hand_on: Callable[[T], None], room: int, newest: bool = False
    ) -> None:
        self._name = name
        self._hand_on = hand_on
        self._room = room
        self._newest = newest
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._ending = False
        self._thread: threading.Thread | None = None
        # not the thread's own join and is_alive: one interrupted by Ctrl-C takes it for dead
        self._done = threading.Event()

    @property
    def done(self) -> bool:
        """Whether nothing is handed on any more, and nothing waits."""
        return self._thread is None or self._done.is_set()

    def put(self, item: T) -> T | None:
        """Take an item; return the one that is lost, because there was no room."""
        lost = None
        with self._changed:
            if len(self._waiting) >= self._room:
                if not self._newest:
                    return item
                lost = self._waiting.popleft()
            self._waiting.append(item)
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        return lost

    def end(self, timeout: float | None) -> None:
        """Say that nothing follows, and wait for what waits.

        Args:
            timeout: Most seconds; None: until every item was handed on.
        """
        with self._changed:
            self._ending = True
            self._changed.notify()
        if self._thread is not None:
            self._done.wait(timeout)

    def give_up(self) -> list[T]:
        """Return what waits, in order, and hand none of it on."""
        with self._changed:
            left = list(self._waiting)
            self._waiting.clear()
        return left

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._ending:
                    self._changed.wait()
                if not self._waiting:
                    self._done.set()
                    return
                item = self._waiting.popleft()
            self._hand_on(item)
