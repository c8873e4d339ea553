"""Extracting many videos, none of which can stop the others, not even by its decoder's death.

In: tasks. Out: a store, the same by one process as by many, and a word to a ``ProgressListener``.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, MutableSequence, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait as wait_for_end
from pathlib import Path
from typing import Any

from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.lab.extract.context import (
    AT_ONCE,
    GO_ON,
    ExtractionContext,
    ExtractionResult,
    Interrupted,
    ProgressListener,
    StopFlag,
)
from slipdetect.lab.extract.extract_video import do_task
from slipdetect.lab.extract.files import StoreUnwritable
from slipdetect.lab.extract.plan import Task
from slipdetect.store.manifest import ExtractionRecipe

_SECONDS_BETWEEN = 0.2


def run_batch(
    tasks: Sequence[Task],
    folder: Path,
    recipe: ExtractionRecipe,
    listener: ProgressListener,
    stop: StopFlag,
    jobs: int = 1,
    device: str = "auto",
) -> None:
    """Do ``tasks``, ``jobs`` of them at a time in processes of their own.

    Raises:
        UsageError: The recipe cannot be met on this machine.
        StoreUnwritable: The disk is full or gone.
        Interrupted: It was stopped.
    """
    jobs = min(jobs, len(tasks))
    if jobs > 1:
        _run_in_workers(tasks, folder, recipe, listener, stop, jobs, device)
    elif tasks:
        count = len(tasks)
        meter = _Meter(tasks, listener, [0] * count, [0.0] * count)
        context = ExtractionContext.make(folder, recipe, device, stop)
        for index, task in enumerate(tasks):
            meter.take(index, partial(do_task, task, context, partial(meter.note, index)))
            if stop() != GO_ON:
                raise Interrupted


class _Meter:
    """Sums up how far the tasks of a batch are, and passes on what became of them.

    Args:
        tasks: All of them.
        listener: Who hears of it.
        frames: Frames read, by task.
        shares: Share done, by task.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        listener: ProgressListener,
        frames: MutableSequence[int],
        shares: MutableSequence[float],
    ) -> None:
        self._tasks = tasks
        self._listener = listener
        self._frames = frames
        self._shares = shares
        self._total = max(sum(task.weight for task in tasks), 1)
        self._due = 0.0

    def note(self, index: int, taken: int, share: float | None) -> None:
        """Take the progress of a task in this process."""
        self._frames[index] = taken
        self._shares[index] = 0.0 if share is None else share
        if time.monotonic() >= self._due:
            self.report(index)

    def take(self, index: int, result: Callable[[], ExtractionResult]) -> None:
        """Pass on the result of a task or why it failed.

        Raises:
            StoreUnwritable: The disk is full or gone.
        """
        task = self._tasks[index]
        try:
            self._listener.finished(task, result())
        except Interrupted:
            return
        except StoreUnwritable:
            raise
        except Exception as error:
            self._listener.failed(task.path, error)
        self._shares[index] = 1.0
        self.report(None)

    def report(self, newest: int | None) -> None:
        """Report how far everything is, ``newest`` being the task at work."""
        self._due = time.monotonic() + _SECONDS_BETWEEN
        done = sum(t.weight * share for t, share in zip(self._tasks, self._shares, strict=True))
        task = None if newest is None else self._tasks[newest]
        self._listener.progress(done / self._total, sum(self._frames), task)


def _run_in_workers(
    tasks: Sequence[Task],
    folder: Path,
    recipe: ExtractionRecipe,
    listener: ProgressListener,
    stop: StopFlag,
    jobs: int,
    device: str,
) -> None:
    spawn = get_context("spawn")
    # plain numbers without locks, which a dying worker may keep
    level, frames = spawn.RawValue("i", GO_ON), spawn.RawArray("q", len(tasks))
    shares = spawn.RawArray("d", len(tasks))
    worker = (folder, recipe, device, level, frames, shares)
    run = _WorkerRun(tasks, listener, stop, level, _Meter(tasks, listener, frames, shares))
    while run.unfinished:
        with ProcessPoolExecutor(jobs, spawn, _start_worker, worker) as pool:
            try:
                run.work(pool, jobs)
            except BaseException:
                level.value = AT_ONCE
                raise


class _WorkerRun:
    """The tasks of a batch between a queue and the workers."""

    def __init__(
        self,
        tasks: Sequence[Task],
        listener: ProgressListener,
        stop: StopFlag,
        level: Any,
        meter: _Meter,
    ) -> None:
        self._tasks = tasks
        self._listener = listener
        self._stop = stop
        self._level = level
        self._meter = meter
        self._waiting = deque(range(len(tasks)))
        # tasks during which a worker died: tried again one by one to find out which it was
        self._suspects: deque[int] = deque()
        self._running: dict[Future[ExtractionResult], int] = {}

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
            self._level.value = self._stop()
            for future in done:
                if isinstance(future.exception(), BrokenProcessPool):
                    self._blame()
                    return
                self._meter.take(self._running.pop(future), future.result)
            self._meter.report(max(self._running.values(), default=None))
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
        self._listener.failed(path, VideoError(f"{str(path)!r}: {reason}; try it alone"))


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


@dataclass
class _Worker:
    """What a worker keeps from task to task.

    Attributes:
        folder: The store.
        recipe: How videos are extracted.
        device: Of ``FlowExtractor``.
        level: How soon to stop; shared with the parent, as are the others.
        frames: Frames read, by task.
        shares: Share done, by task.
    """

    folder: Path
    recipe: ExtractionRecipe
    device: str
    level: Any
    frames: Any
    shares: Any

    @cached_property
    def context(self) -> ExtractionContext:
        """Loaded by the first task: what fails here is that task's failure."""
        import cv2

        # as many processes as were asked for keep the machine busy already
        cv2.setNumThreads(1)
        folder, recipe, device = self.folder, self.recipe, self.device
        return ExtractionContext.make(folder, recipe, device, lambda: int(self.level.value), 1)

    def do(self, index: int, task: Task) -> ExtractionResult:
        """Do a task."""

        def on_progress(taken: int, share: float | None) -> None:
            self.frames[index] = taken
            self.shares[index] = 0.0 if share is None else share

        try:
            return do_task(task, self.context, on_progress)
        except (SlipdetectError, Interrupted):
            raise
        except Exception as error:
            # an exception of a library may not survive the way to the parent
            raise RuntimeError(f"{type(error).__name__}: {error}") from None


_worker: list[_Worker] = []


def _start_worker(*state: Any) -> None:
    """Prepare a new process; the terminal's Ctrl-C is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _worker.append(_Worker(*state))


def _end_with_parent() -> None:
    """Die with the process that started this one: nobody would take the results."""
    parent = parent_process()
    if parent is not None:
        wait_for_end([parent.sentinel])
        os._exit(1)


def _work(index: int, task: Task) -> ExtractionResult:
    return _worker[0].do(index, task)
