"""Extracting videos in processes of their own, one of which may die without harm to the others.

In: tasks. Out: the same store as without workers.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_end
from pathlib import Path
from typing import Any

from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.lab.extract.plan import Task
from slipdetect.lab.extract.request import ExtractionRequest
from slipdetect.lab.extract.tasks import Stop, Watcher, do_task
from slipdetect.lab.extract.tools import (
    AT_ONCE,
    GO_ON,
    Interrupted,
    Outcome,
    Tools,
    make_tools,
)
from slipdetect.store.files import StoreUnwritable

_SECONDS_BETWEEN = 0.2


@dataclass(frozen=True)
class _Shared:
    """Memory that all processes see; plain numbers without locks, which a dying worker may keep.

    Attributes:
        level: How soon to stop.
        frames: Frames read, by task.
        shares: Share done, by task.
    """

    level: Any
    frames: Any
    shares: Any


# what a worker keeps from task to task
_worker: dict[str, Any] = {}


def run_in_workers(
    tasks: Sequence[Task],
    folder: Path,
    request: ExtractionRequest,
    watcher: Watcher,
    stop: Stop,
    jobs: int,
) -> None:
    """Do ``tasks`` in ``jobs`` processes; see ``run_batch``."""
    context = get_context("spawn")
    count = len(tasks)
    shared = _Shared(
        context.RawValue("i", GO_ON), context.RawArray("q", count), context.RawArray("d", count)
    )
    run = _Run(tasks, shared, watcher, stop)

    def make_pool() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(jobs, context, _start_worker, (folder, request, shared))

    while run.unfinished:
        with make_pool() as pool:
            try:
                run.work(pool, jobs)
            except BaseException:
                shared.level.value = AT_ONCE
                raise


class _Run:
    """The tasks of a batch between a queue and the workers."""

    def __init__(
        self, tasks: Sequence[Task], shared: _Shared, watcher: Watcher, stop: Stop
    ) -> None:
        self._tasks = tasks
        self._shared = shared
        self._watcher = watcher
        self._stop = stop
        self._waiting = deque(range(len(tasks)))
        # tasks during which a worker died: tried again one by one to find out which it was
        self._suspects: deque[int] = deque()
        self._running: dict[Future[Outcome], int] = {}
        self._total = max(sum(task.weight for task in tasks), 1)

    @property
    def unfinished(self) -> bool:
        """There are tasks left to do."""
        return bool(self._waiting or self._suspects)

    def work(self, pool: ProcessPoolExecutor, jobs: int) -> None:
        """Do tasks until none is left or ``pool`` breaks.

        Raises:
            StoreUnwritable: The disk is full or gone.
            Interrupted: The batch was stopped.
        """
        while self._running or self.unfinished:
            limit = 1 if self._suspects else jobs
            while self.unfinished and len(self._running) < limit and self._stop() == GO_ON:
                index = (self._suspects or self._waiting).popleft()
                with _ctrl_c_held():
                    self._running[pool.submit(_work, index, self._tasks[index])] = index
            if not self._running:
                break
            done, _ = wait(self._running, _SECONDS_BETWEEN, FIRST_COMPLETED)
            self._shared.level.value = self._stop()
            for future in done:
                if isinstance(future.exception(), BrokenProcessPool):
                    self._blame()
                    return
                self._take(future, self._running.pop(future))
            self._report()
        if self._stop() != GO_ON:
            raise Interrupted

    def _blame(self) -> None:
        """Find the task whose worker died, or those that it may have been."""
        running = sorted(self._running.values())
        self._running.clear()
        if len(running) > 1:
            self._suspects.extend(running)
            return
        path = self._tasks[running[0]].path
        reason = "the process that read it died, out of memory or on a fault of a decoder"
        self._watcher.failed(path, VideoError(f"{str(path)!r}: {reason}; try it alone"))

    def _take(self, future: Future[Outcome], index: int) -> None:
        task = self._tasks[index]
        try:
            outcome = future.result()
        except Interrupted:
            return
        except StoreUnwritable:
            raise
        except Exception as error:
            self._watcher.failed(task.path, error)
        else:
            self._watcher.finished(task, outcome)
        self._shared.shares[index] = 1.0

    def _report(self) -> None:
        shares = self._shared.shares
        done = sum(task.weight * share for task, share in zip(self._tasks, shares, strict=True))
        newest = max(self._running.values(), default=None)
        task = None if newest is None else self._tasks[newest]
        self._watcher.progress(done / self._total, sum(self._shared.frames), task)


@contextmanager
def _ctrl_c_held() -> Iterator[None]:
    """Hold Ctrl-C back while a worker may be started, which inherits that for its whole life.

    The second that a worker imports in, before ``_start_worker``, would end in a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(folder: Path, request: ExtractionRequest, shared: _Shared) -> None:
    """Prepare a new process; the terminal's Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.update(folder=folder, request=request, shared=shared)


def _end_with_parent() -> None:
    """Die with the process that started this one: nobody would take the results."""
    parent = parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


def _work(index: int, task: Task) -> Outcome:
    """Do a task in a worker."""
    shared: _Shared = _worker["shared"]

    def on_progress(taken: int, share: float | None) -> None:
        shared.frames[index] = taken
        shared.shares[index] = 0.0 if share is None else share

    try:
        return do_task(task, _tools(shared), on_progress)
    except (SlipdetectError, Interrupted):
        raise
    except Exception as error:
        # an exception of a library may not survive the way to the parent
        raise RuntimeError(f"{type(error).__name__}: {error}") from None


def _tools(shared: _Shared) -> Tools:
    if "tools" not in _worker:
        import cv2

        # as many processes as were asked for keep the machine busy already
        cv2.setNumThreads(1)
        _worker["tools"] = make_tools(
            _worker["folder"], _worker["request"], lambda: int(shared.level.value), threads=1
        )
    tools: Tools = _worker["tools"]
    return tools
