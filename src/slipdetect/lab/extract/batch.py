"""Extracting many videos, none of which can stop the others.

In: tasks. Out: a store, and a word to a ``Watcher`` about each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from slipdetect.lab.extract.plan import Task
from slipdetect.lab.extract.request import ExtractionRequest
from slipdetect.lab.extract.tasks import Stop, Watcher, do_task
from slipdetect.lab.extract.tools import (
    GO_ON,
    Interrupted,
    make_tools,
)
from slipdetect.lab.extract.workers import run_in_workers
from slipdetect.store.files import StoreUnwritable


def run_batch(
    tasks: Sequence[Task],
    folder: Path,
    request: ExtractionRequest,
    watcher: Watcher,
    stop: Stop,
    jobs: int = 1,
) -> None:
    """Do ``tasks``, ``jobs`` of them at a time in processes of their own.

    Raises:
        UsageError: The request cannot be met on this machine.
        StoreUnwritable: The disk is full or gone.
        Interrupted: It was stopped.
    """
    if not tasks:
        return
    # made here even when workers make their own: a wrong request is found before they start
    tools = make_tools(folder, request, stop)
    if min(jobs, len(tasks)) > 1:
        run_in_workers(tasks, folder, request, watcher, stop, min(jobs, len(tasks)))
        return
    meter = _Meter(watcher, sum(task.weight for task in tasks))
    for task in tasks:
        meter.begin(task)
        try:
            watcher.finished(task, do_task(task, tools, meter))
        except (Interrupted, StoreUnwritable):
            raise
        except Exception as error:
            watcher.failed(task.path, error)
        meter.end(task)
        if stop() != GO_ON:
            raise Interrupted


class _Meter:
    """Sums up the progress of one video after the other."""

    def __init__(self, watcher: Watcher, total: int) -> None:
        self._watcher = watcher
        self._total = max(total, 1)
        self._done = self._frames = self._taken = 0
        self._task: Task | None = None

    def begin(self, task: Task) -> None:
        self._task = task
        self(0, 0.0)

    def __call__(self, taken: int, share: float | None) -> None:
        """Take the progress of the video at work; a ``Progress``."""
        self._taken = taken
        weight = 0 if self._task is None else self._task.weight
        done = self._done + weight * (0.0 if share is None else share)
        self._watcher.progress(done / self._total, self._frames + taken, self._task)

    def end(self, task: Task) -> None:
        self._done += task.weight
        self._frames += self._taken
        self._taken, self._task = 0, None
        self(0, None)
