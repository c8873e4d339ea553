"""Writing many videos anew, none of which can stop the others.

In: tasks. Out: new files, words on stderr, and a ``Tally`` that knows the exit code.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from slipdetect._io import make_folder
from slipdetect._text import printable, shorten
from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Bar, Console
from slipdetect.cli.errors import INTERNAL, describe
from slipdetect.cli.sources import expand
from slipdetect.errors import OutputError, SlipdetectError

if TYPE_CHECKING:
    from slipdetect.lab.prepare.rewriting import OnProgress, Rewritten

_NAME_COLUMNS = 40


class Work(Protocol):
    """Writes one video."""

    def __call__(self, *, on_progress: OnProgress) -> Rewritten:
        """Write it and tell how far it is."""


@dataclass(frozen=True)
class Task:
    """One video to write.

    Attributes:
        source: The old file.
        target: The new one.
        work: Writes it.
    """

    source: Path
    target: Path
    work: Work


def find_sources(console: Console, names: Sequence[str], tally: Tally) -> list[Path]:
    """Return the videos that ``names`` mean; what leads nowhere is reported and counted."""
    found = []
    for job in dict.fromkeys(expand(names)):
        if job.error is None:
            found.append(Path(job.source))
        else:
            _fail(console, tally, job.source, job.error)
    return found


def check_targets(tasks: Sequence[Task], *, overwrite: bool) -> None:
    """Fail before the work if a target is there, and make the folders.

    Raises:
        OutputError: A target exists, is a source, or its folder cannot be made.
    """
    sources = {os.path.realpath(task.source) for task in tasks}
    own = [task.target for task in tasks if os.path.realpath(task.target) in sources]
    if own:
        raise OutputError(f"{str(own[0])!r} would be written over a source; choose another --out")
    there = [task.target for task in tasks if task.target.exists()]
    if there and not overwrite:
        several = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise OutputError(
            f"{str(there[0])!r}{several} already; pass --overwrite or choose another --out"
        )
    for folder in dict.fromkeys(task.target.parent for task in tasks):
        make_folder(folder)


def run_tasks(
    console: Console, tasks: Sequence[Task], tally: Tally
) -> list[tuple[Task, Rewritten]]:
    """Do every task; a video that fails is reported and the rest is done.

    Raises:
        OutputError: The folder or the disk takes no more.
    """
    done: list[tuple[Task, Rewritten]] = []
    try:
        with console.bar(len(tasks)) as bar:
            for index, task in enumerate(tasks):
                show = _progress(bar, index, len(tasks), str(task.source))
                written = _one(console, task, tally, show)
                if written is not None:
                    done.append((task, written))
    except KeyboardInterrupt:
        tally.interrupted = True
        console.error(f"interrupted: {len(done)} of {len(tasks)} videos are written")
    return done


def _progress(bar: Bar, index: int, total: int, source: str) -> OnProgress:
    title = f"{index + 1}/{total} {shorten(printable(source), _NAME_COLUMNS)}"

    def show(seconds: float, duration: float | None) -> None:
        share = min(seconds / duration, 1.0) if duration else 0.0
        bar.show(index + share, title, now=seconds == 0.0)

    return show


def _one(console: Console, task: Task, tally: Tally, show: OnProgress) -> Rewritten | None:
    try:
        written = task.work(on_progress=show)
    except OutputError:
        raise
    except Exception as error:
        _fail(console, tally, str(task.source), error)
        return None
    tally.done += 1
    for warning in written.warnings:
        console.warn(f"{str(task.source)!r}: {warning}")
    if console.verbose:
        console.note(described(written))
    return written


def described(written: Rewritten) -> str:
    """Return in one line what a new video is."""
    width, height = written.size
    return (
        f"{str(written.target)!r}: {written.written} of {written.read} frames, "
        f"{written.start:.2f} s to {written.end:.2f} s, {width}x{height} px"
    )


def _fail(console: Console, tally: Tally, source: str, error: Exception) -> None:
    code = error.exit_code if isinstance(error, SlipdetectError) else INTERNAL
    console.error(describe(error) if code != INTERNAL else f"{source!r}: {describe(error)}")
    tally.failures.append(code)
