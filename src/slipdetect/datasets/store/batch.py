"""Extracting many videos, none of which can stop the others.

In: tasks. Out: a store, and a word to a ``Watcher`` about each.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from slipdetect.datasets.store.files import StoreUnwritable
from slipdetect.datasets.store.manifest import read_manifest
from slipdetect.datasets.store.plan import Task
from slipdetect.datasets.store.request import ExtractionRequest
from slipdetect.datasets.store.tools import (
    GO_ON,
    Interrupted,
    Outcome,
    Progress,
    Tools,
    make_tools,
)
from slipdetect.errors import DataError


class Watcher(Protocol):
    """Is told how a batch goes."""

    def progress(self, share: float, frames: int, task: Task | None) -> None:
        """Take note that ``share`` (0..1) of the work is done and ``frames`` were read."""
        ...

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Take note that a video is in the store."""
        ...

    def failed(self, path: Path, error: Exception) -> None:
        """Take note that a video could not be extracted."""
        ...


class Stop:
    """Whether somebody wants the batch to end; called, it tells how soon.

    Attributes:
        level: GO_ON, FINISH_SHARD or AT_ONCE.
    """

    def __init__(self) -> None:
        self.level = GO_ON

    def __call__(self) -> int:
        """Return the level."""
        return self.level


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
        from slipdetect.datasets.store.workers import run_in_workers

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


def do_task(task: Task, tools: Tools, on_progress: Progress) -> Outcome:
    """Extract or repair one video.

    Raises:
        SlipdetectError: It could not be done.
        Interrupted: It was stopped.
    """
    if not task.damaged:
        from slipdetect.datasets.store.extract_video import extract_video

        return extract_video(task, tools, on_progress)
    from slipdetect.datasets.store.repair_video import repair_video

    manifest = read_manifest(tools.folder, task.key)
    if manifest is None:
        raise DataError(f"the manifest of {task.key!r} is gone; run extract again")
    return repair_video(task.path, manifest, task.damaged, tools, on_progress)
