"""Tasks between a queue and the workers: whoever dies is replaced, and the task tried again.

In: a backend, tasks with names. Out: what was told and what came of each task, exactly once.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Generic, TypeAlias, TypeVar, cast

from slipdetect.errors import VideoError, WorkerError
from slipdetect.workers.backend import Backend, Worker
from slipdetect.workers.task import AT_ONCE, GO_ON, Make
from slipdetect.workers.words import Done, Failed, Logged, Lost, Ready, Told, Word

logger = logging.getLogger(__name__)

TRIES = 3
_SECONDS_BETWEEN = 0.2  # looks at whether to stop
_PATIENCE = 30.0  # until it is told that no worker is ready

T = TypeVar("T")
R = TypeVar("R")
Answer: TypeAlias = Told | Done[R] | Failed


class Crew(Generic[T, R]):
    """Has all tasks done by workers of a backend.

    A task whose worker dies is begun again by another one, before those that wait; after three
    deaths it has failed. The loss of a machine does not count among them. A worker that cannot
    start is not replaced: only where none is left does the run end with its reason.

    Args:
        backend: Where workers run.
        make: Makes what does a task, in each of them.
        tasks: What is to be done.
        names: Of each task's video, in messages.
        files: Those of each video, which its worker's machine must have; None: its name is one.
        stopping: Asked all the while: ``GO_ON``, ``SOON`` or ``AT_ONCE``; then no task begins.
        ahead: How many tasks behind the first that is not done may be begun; what waits for
            results in their order must keep those that come early.
    """

    def __init__(
        self,
        backend: Backend,
        make: Make[T, R],
        tasks: Sequence[T],
        names: Sequence[str],
        *,
        files: Sequence[Sequence[str]] | None = None,
        stopping: Callable[[], int] = lambda: GO_ON,
        ahead: int | None = None,
    ) -> None:
        self._backend = backend
        self._make = make
        self._tasks = tasks
        self._names = names
        self._files = [[name] for name in names] if files is None else files
        self._stopping = stopping
        self._ahead = len(tasks) if ahead is None else ahead
        self._waiting = deque(range(len(tasks)))
        self._deaths: dict[int, int] = {}
        self._running: dict[Worker, int] = {}
        self._idle: list[Worker] = []
        self._starting: list[Worker] = []
        self._machines: dict[Worker, str] = {}
        self._level = GO_ON
        self._room = 0
        self._unable = 0  # workers that could not start since the room last changed
        self._reason: Exception | None = None  # of the last of them
        self._none_ready_since: float | None = None
        self._told = False

    def run(self) -> Generator[tuple[int, Answer[R]], None, None]:
        """Yield (index of the task, what it tells or what came of it) until all are done.

        After a stop it ends early. The workers end with the iterator, however that ends.

        Raises:
            WorkerError: No worker could start, or none of those that begin in place of the dead.
        """
        try:
            while self._running or (self._waiting and self._level == GO_ON):
                self._fill()
                everyone = [*self._running, *self._idle, *self._starting]
                for worker, word in self._backend.heard(everyone, _SECONDS_BETWEEN):
                    yield from self._take(worker, word)
                self._pass_on_stop()
                self._tell_of_waiting()
        finally:
            everyone = [*self._running, *self._idle, *self._starting]
            for worker in self._running:
                worker.stop(AT_ONCE)
            self._backend.end(everyone)

    def _fill(self) -> None:
        """Give tasks to those who wait for one, and start as many workers as there is work for."""
        if self._level != GO_ON:
            return
        first = min([*self._running.values(), *list(self._waiting)[:1]], default=0)
        while self._idle and self._waiting and self._waiting[0] < first + self._ahead:
            worker, index = self._idle.pop(), self._waiting.popleft()
            self._running[worker] = index
            worker.give(self._files[index], self._tasks[index])
        there = len(self._running) + len(self._idle) + len(self._starting)
        room = self._backend.room()
        if room != self._room:
            # who could not start may have been on a machine that has left
            self._room, self._unable = room, 0
        if not there and self._unable and self._unable >= room:
            raise WorkerError(f"no worker could start: {self._reason}") from self._reason
        wanted = min(room - self._unable, len(self._running) + len(self._waiting))
        for _ in range(there, wanted):
            self._starting.append(self._backend.begin(self._make))

    def _take(self, worker: Worker, word: Word) -> Iterator[tuple[int, Answer[R]]]:
        if worker in self._starting:
            self._started(worker, word)
        elif isinstance(word, Logged):
            logger.log(word.level, "%s", word.text)
        elif isinstance(word, Lost):
            yield from self._replace(worker, word)
        elif isinstance(word, Told) and worker in self._running:
            yield self._running[worker], word
        elif isinstance(word, Done | Failed) and worker in self._running:
            index = self._running.pop(worker)
            self._idle.append(worker)
            yield index, cast("Answer[R]", word)

    def _started(self, worker: Worker, word: Word) -> None:
        if isinstance(word, Ready):
            self._starting.remove(worker)
            self._idle.append(worker)
            if word.machine not in self._machines.values():
                logger.info("a worker is ready on %r", word.machine)
            self._machines[worker] = word.machine
        elif isinstance(word, Failed | Lost):
            self._starting.remove(worker)
            self._backend.end([worker])
            if isinstance(word, Lost) and word.with_machine:
                return
            self._unable += 1
            if isinstance(word, Failed):
                self._reason = word.error
            else:
                text = f"the process of a worker died while it started ({word.reason})"
                self._reason = WorkerError(f"{text}; is there enough memory?")
            if self._running or self._idle or self._starting or self._unable < self._room:
                logger.warning("a worker could not start: %s", self._reason)

    def _replace(self, worker: Worker, lost: Lost) -> Iterator[tuple[int, Answer[R]]]:
        """Let go of a worker; its task goes to the next, or has had its last try."""
        machine = self._machines.pop(worker)
        self._backend.end([worker])
        if worker in self._idle:
            self._idle.remove(worker)
            if lost.with_machine:
                logger.warning("machine %r was lost (%s)", machine, lost.reason)
            return
        index = self._running.pop(worker)
        name = self._names[index]
        if lost.with_machine:
            logger.warning(
                "machine %r was lost (%s); %r is begun again elsewhere", machine, lost.reason, name
            )
            self._waiting.appendleft(index)
            return
        deaths = self._deaths[index] = self._deaths.get(index, 0) + 1
        if deaths < TRIES:
            logger.warning(
                "%r: the process that read it died (%s); try %d of %d begins",
                name,
                lost.reason,
                deaths + 1,
                TRIES,
            )
            self._waiting.appendleft(index)
            return
        text = (
            f"{name!r}: the process that read it died {TRIES} times ({lost.reason}), out of memory"
        )
        yield index, Failed(VideoError(f"{text} or on a fault of a decoder; try it alone"))

    def _pass_on_stop(self) -> None:
        level = self._stopping()
        if level != self._level:
            self._level = level
            for worker in self._running:
                worker.stop(level)

    def _tell_of_waiting(self) -> None:
        """Say once that no worker has become ready for long."""
        if self._running or self._idle:
            self._none_ready_since = None
            return
        now = time.monotonic()
        if self._none_ready_since is None:
            self._none_ready_since = now
        # also where none is starting: there may be no room for any
        if not self._told and now - self._none_ready_since > _PATIENCE:
            self._told = True
            logger.warning("no worker is ready yet: no machine has room for one, or it still loads")


def in_order(answers: Iterable[tuple[int, Answer[R]]]) -> Iterator[tuple[int, Answer[R]]]:
    """Yield answers in the order of their tasks: what comes early waits for its turn."""
    turn = 0
    early: dict[int, list[Answer[R]]] = {}
    for index, answer in answers:
        early.setdefault(index, []).append(answer)
        while turn in early:
            for each in early.pop(turn):
                yield turn, each
            if isinstance(each, Told):
                break
            turn += 1
