"""What a user sees of an extraction: a bar, a line per trouble, a summary, and Ctrl-C.

In: what happens. Out: lines on stderr, and a ``Tally``.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._text import clock, printable, shorten
from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Bar, Console, signals
from slipdetect.cli.errors import report_one

if TYPE_CHECKING:
    from slipdetect.lab.extract.context import ExtractionResult, StopFlag
    from slipdetect.lab.extract.plan import Task

_NAME_COLUMNS = 24
_SECONDS_UNTIL_GUESS = 2.0


class ExtractProgress:
    """Shows a user how an extraction goes.

    Attributes:
        tally: How it went so far.
    """

    def __init__(self, console: Console, stop: StopFlag) -> None:
        self.tally = Tally()
        self._console = console
        self._stop = stop
        self._noted = False
        self._begin = time.monotonic()
        self._present = self._frames = self._flows = self._read = 0
        self._bar: Bar | None = None

    @contextmanager
    def bar(self) -> Iterator[None]:
        """Show a bar while the block runs."""
        with self._console.bar(1.0) as self._bar:
            self._begin = time.monotonic()
            yield
        self._bar = None

    def progress(self, share: float, frames: int, task: Task | None) -> None:
        """Draw the bar at ``share`` (0..1) of the work; ``frames`` were read so far."""
        self._read = frames
        if self._stop() and not self._noted:
            self._noted = True
            self._console.note("finishing the shards at work; press Ctrl-C again to stop at once")
        if self._bar is None or task is None:
            return
        name = shorten(printable(task.path.name), _NAME_COLUMNS)
        self._bar.show(share, f"{name} {self._speed()}{self._left(share)}")

    def downloaded(self, done: int, expected: int | None) -> None:
        """Draw the bar of a download, bytes."""
        if self._stop():
            raise KeyboardInterrupt  # the next run starts the download over
        if self._bar is not None:
            share = done / expected if expected else 0.0
            self._bar.show(share, f"downloading, {done / 1e6:.1f} MB")

    def finished(self, task: Task, result: ExtractionResult) -> None:
        """Count a video and pass its warnings on."""
        self.tally.done += 1
        self._frames += result.frames
        self._flows += result.flows
        for warning in result.warnings:
            self._console.warn(f"{str(task.path)!r}: {warning}")

    def present(self) -> None:
        """Count a video that was there already."""
        self.tally.done += 1
        self._present += 1

    def failed(self, path: Path, error: Exception) -> None:
        """Count a video that failed and say why."""
        self.tally.failures.append(report_one(error, str(path), self._console)[0])

    def summary(self, store: Path, total: int) -> None:
        """Say in one line how it went, and how to go on where it was interrupted."""
        new, failed = self.tally.done - self._present, len(self.tally.failures)
        parts = [f"{new} extracted ({self._frames} frames, {self._flows} flows)"]
        if self._present:
            parts.append(f"{self._present} there already")
        if failed:
            parts.append(f"{failed} failed")
        counts = f"{total} video{'' if total == 1 else 's'}: {', '.join(parts)}"
        if self.tally.interrupted:
            rest = total - self.tally.done - failed
            self._console.error(
                f"interrupted: {counts}, {rest} unfinished; re-run to resume where it stopped"
            )
            return
        took = f", {clock(time.monotonic() - self._begin)}, {self._speed()}" if new else ""
        self._console.note(f"{counts} in {str(store)!r}{took}")

    def _speed(self) -> str:
        seconds = max(time.monotonic() - self._begin, 1e-3)
        return f"{self._read / seconds:.1f} frames/s"

    def _left(self, share: float) -> str:
        """Return a guess of the time left, once there is something to guess from."""
        seconds = time.monotonic() - self._begin
        if seconds < _SECONDS_UNTIL_GUESS or share <= 0:
            return ""
        return f", {clock(seconds * (1 - share) / share)} left"


@contextmanager
def interruptible(stop: StopFlag) -> Iterator[None]:
    """Let Ctrl-C raise ``stop.level`` while the block runs: end the shard, end now, end hard."""

    def on_interrupt() -> None:
        stop.level += 1
        if stop.level > 2:
            raise KeyboardInterrupt

    with signals({signal.SIGINT: on_interrupt}):
        yield
