"""One GPU for many live sources: whoever asked first is served first, several together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

S = TypeVar("S")
R = TypeVar("R")


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
