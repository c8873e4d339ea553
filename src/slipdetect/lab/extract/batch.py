"""Extracting many videos, none of which can stop the others, not even by its decoder's death.

In: tasks. Out: a store, the same by one process as by many, and a word to a ``ProgressListener``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect.lab.extract.context import ExtractionContext, ExtractionResult, StopFlag
from slipdetect.lab.extract.extract_video import do_task
from slipdetect.lab.extract.files import StoreUnwritable
from slipdetect.lab.extract.plan import Task
from slipdetect.store.manifest import ExtractionRecipe
from slipdetect.workers import (
    GO_ON,
    Backend,
    Crew,
    Done,
    Failed,
    Interrupted,
    Link,
    Paced,
    Told,
    open_backend,
)

if TYPE_CHECKING:
    from slipdetect.lab.extract.progress import ExtractProgress

_SECONDS_BETWEEN = 0.2


def run_batch(
    tasks: Sequence[Task],
    folder: Path,
    recipe: ExtractionRecipe,
    listener: ExtractProgress,
    stop: StopFlag,
    jobs: int | None = None,
    device: str = "auto",
    on: str | None = None,
) -> None:
    """Do ``tasks``, ``jobs`` of them at a time in processes of their own, here or elsewhere.

    Raises:
        UsageError: The recipe cannot be met on this machine, or ``on`` names no place.
        WorkerError: No worker can be started, or none is left.
        StoreUnwritable: The disk is full or gone.
        Interrupted: It was stopped.
    """
    meter = _Meter(tasks, listener)
    backend = open_backend(on, jobs, len(tasks), device)
    if backend is not None and tasks:
        _run_in_workers(backend, tasks, Extracting(folder, recipe, device), meter, stop)
    elif tasks:
        context = ExtractionContext(folder, recipe, device, stop)
        for index, task in enumerate(tasks):
            meter.take(index, partial(do_task, task, context, partial(meter.note, index)))
            if stop() != GO_ON:
                raise Interrupted


class _Meter:
    """Sums up how far the tasks of a batch are, and passes on what became of them."""

    def __init__(self, tasks: Sequence[Task], listener: ExtractProgress) -> None:
        self._tasks = tasks
        self._listener = listener
        self._frames = [0] * len(tasks)  # read, by task
        self._shares = [0.0] * len(tasks)  # done, by task
        self._total = max(sum(task.weight for task in tasks), 1)
        self._due = 0.0

    def note(self, index: int, taken: int, share: float | None) -> None:
        """Take the progress of a task."""
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
    backend: Backend,
    tasks: Sequence[Task],
    make: Extracting,
    meter: _Meter,
    stop: StopFlag,
) -> None:
    names = [str(task.path) for task in tasks]
    crew = Crew(backend, make, tasks, names, stopping=stop)
    with backend, closing(crew.run()) as answers:
        for index, answer in answers:
            if isinstance(answer, Told):
                meter.note(index, *answer.message)
            else:
                meter.take(index, partial(_result, answer))
    if stop() != GO_ON:
        raise Interrupted


def _result(answer: Done[ExtractionResult] | Failed) -> ExtractionResult:
    if isinstance(answer, Failed):
        raise answer.error
    return answer.result


@dataclass(frozen=True)
class Extracting:
    """Makes what extracts videos in a worker."""

    folder: Path
    recipe: ExtractionRecipe
    device: str

    def __call__(self) -> Callable[[Task, Link], ExtractionResult]:
        """Load what the recipe needs."""
        links: list[Link] = []
        context = ExtractionContext(
            self.folder, self.recipe, self.device, lambda: links[0].stopping()
        )

        def extract(task: Task, link: Link) -> ExtractionResult:
            links[:] = [link]
            tell = Paced(link.tell)
            return do_task(task, context, lambda taken, share: tell((taken, share)))

        return extract
