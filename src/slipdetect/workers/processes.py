"""Workers as processes of this machine, each with a share of its CPUs.

In: how many. Out: a ``Backend``; whoever dies is known by its end of a pipe.
"""

from __future__ import annotations

import math
import os
import pickle
import signal
import socket
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from typing import Any, Self

from slipdetect.workers.backend import Worker
from slipdetect.workers.task import (
    AT_ONCE,
    GO_ON,
    Make,
    do_task,
    made,
    portable,
    share_cpus,
    word_of,
)
from slipdetect.workers.words import Failed, Lost, Ready, Word

_SECONDS_TO_STOP = 5.0


@dataclass(frozen=True)
class _Task:
    what: object


class ProcessWorker:
    """A process, and the pipe to it."""

    def __init__(self, make: bytes, cpus: int) -> None:
        spawn = get_context("spawn")
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=_serve, args=(theirs, make, cpus), daemon=True)
        with _ctrl_c_held():
            self.process.start()
        theirs.close()

    def give(self, files: Sequence[str], task: object) -> None:
        """See ``Worker``; files of this machine need no looking for."""
        self._send(_Task(task))

    def stop(self, level: int) -> None:
        self._send(level)

    def dismiss(self) -> None:
        """Tell it to end when it has nothing more to do."""
        self._send(None)

    def word(self) -> Word:
        """Return what it said, which is known to be there."""
        try:
            word: Word = self.pipe.recv()
            return word
        except (EOFError, OSError):
            self.process.join(_SECONDS_TO_STOP)
            return Lost(f"exit code {self.process.exitcode}")

    def _send(self, message: _Task | int | None) -> None:
        with suppress(OSError):  # it has died, which is heard of next
            self.pipe.send(message)


class Processes:
    """The backend that needs nothing but this machine, for so many workers."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._workers: set[Worker] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.end(self._workers)

    def room(self) -> int:
        return self._count

    def begin(self, make: Make[Any, Any]) -> ProcessWorker:
        from slipdetect.flow.machine import usable_cpus

        worker = ProcessWorker(pickle.dumps(make), math.ceil(usable_cpus() / self._count))
        self._workers.add(worker)
        return worker

    def heard(self, workers: Collection[Worker], seconds: float) -> Sequence[tuple[Worker, Word]]:
        pipes = {worker.pipe: worker for worker in workers if isinstance(worker, ProcessWorker)}
        if not pipes:
            time.sleep(seconds)
            return []
        ready = wait(pipes, seconds)
        return [(worker, worker.word()) for pipe, worker in pipes.items() if pipe in ready]

    def end(self, workers: Collection[Worker]) -> None:
        ours = [worker for worker in workers if isinstance(worker, ProcessWorker)]
        self._workers.difference_update(ours)
        for worker in ours:
            worker.stop(AT_ONCE)
            worker.dismiss()
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for worker in ours:
            _drain(worker, deadline)
            worker.process.kill()
            worker.process.join()
            worker.pipe.close()


def _drain(worker: ProcessWorker, deadline: float) -> None:
    """Read what a worker still says until it has ended: a full pipe would keep it from that."""
    while (left := deadline - time.monotonic()) > 0:
        if worker.pipe.poll(left) and isinstance(worker.word(), Lost):
            return


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Hold Ctrl-C back while a worker is started, which inherits that for its whole life.

    The second that a worker imports in, before ``_serve``, would end in a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    # when multiprocessing starts its tracker, it lets the signal through again
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Pipe:
    """A worker's end: a ``Link``, and a thread that listens."""

    def __init__(self, pipe: Connection) -> None:
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._pipe = pipe
        self._level = GO_ON
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self, message: object) -> None:
        self.send(word_of(message))

    def stopping(self) -> int:
        return self._level

    def send(self, word: Word) -> None:
        try:
            self._pipe.send(word)
        except OSError:
            os._exit(1)  # nobody would take the results

    def _listen(self) -> None:
        """Take tasks and stops; die with the process that started this one."""
        while True:
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                os._exit(1)
            if isinstance(message, int):
                self._level = message
            else:
                self.tasks.put(message)


def _serve(pipe: Connection, make: bytes, cpus: int) -> None:
    """Be a worker; the terminal's Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = _Pipe(pipe)
    try:
        share_cpus(cpus)
        do = made(pickle.loads(make))  # noqa: S301 - from the process that started this one
    except Exception as error:
        link.send(Failed(portable(error)))
        return
    link.send(Ready(socket.gethostname()))
    while (given := link.tasks.get()) is not None:
        link.send(do_task(do, given.what, link))
