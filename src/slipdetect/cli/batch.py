"""Running a detector over many sources, none of which can stop the others.

In: jobs. Out: results, given to sinks, and a ``Tally`` that knows the exit code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._text import clock, printable, shorten
from slipdetect.cli.console import Bar, Console, one_line
from slipdetect.cli.errors import EVENT_FOUND, INTERRUPTED, SOME_FAILED, describe, report_one
from slipdetect.cli.sources import Job
from slipdetect.errors import OutputError, UsageError, VideoError, WorkerError
from slipdetect.sinks.sink import Alert, Sink
from slipdetect.types import Profile

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector, Event
    from slipdetect.detection.pipeline import Stopwatch
    from slipdetect.people.privacy import Privacy
    from slipdetect.video import VideoOptions

Progress = Callable[[float, float | None], None]
OnEvent = Callable[["Event"], None]
Detect = Callable[[str, Progress, OnEvent], "DetectionResult"]

DETECTING = "detecting"  # a stage of the stopwatch
_NAME_COLUMNS = 28


@dataclass
class Tally:
    """How a batch went.

    Attributes:
        done: Sources with a result.
        events: Events found in them.
        failures: Exit codes of the failed ones.
        missing: Parts of results that failed, such as a clip.
        interrupted: The user stopped it.
    """

    done: int = 0
    events: int = 0
    failures: list[int] = field(default_factory=list)
    missing: int = 0
    interrupted: bool = False

    def exit_code(self, fail_on_event: bool = False) -> int:
        """Return the exit code; a failure wins over an event."""
        if self.interrupted:
            return INTERRUPTED
        if self.failures or self.missing:
            return SOME_FAILED if self.done else self.failures[0]
        return EVENT_FOUND if fail_on_event and self.events else 0


@dataclass
class Batch:
    """One run over a list of jobs.

    Attributes:
        console: Where warnings, errors and progress go.
        sinks: What takes the results, in order.
        reading: How videos are opened once more for the sinks that see frames.
        privacy: Hides people in all that these see.
        strict: A truncated source fails.
        watch: Measures how long videos take.
        written: Files of the sinks, in the order in which they were written.
        profile: Where the time of all results went.
        tally: How it went so far.
    """

    console: Console
    sinks: Sequence[Sink]
    reading: VideoOptions
    privacy: Privacy | None
    strict: bool
    watch: Stopwatch
    written: list[Path] = field(default_factory=list)
    profile: Profile = field(default_factory=partial(Profile, 0.0))
    tally: Tally = field(default_factory=Tally)

    def run(self, jobs: Sequence[Job], detect: Detect, detector: Detector | None) -> Tally:
        """Process every job; Ctrl-C ends the batch but keeps what is done."""
        self._model = "" if detector is None else detector.scorer.name
        complete = False
        try:
            with opened(self.sinks, detector, self.console):
                self._all(jobs, detect)
                # the results last: a file that is there says that the run is over
                for sink in reversed(self.sinks):
                    sink.close()
                complete = True
        except KeyboardInterrupt:
            if not complete:
                raise
            self.tally.interrupted = True
            self.console.error("interrupted while alerts were sent; the results are complete")
        self._collect()
        return self.tally

    def _all(self, jobs: Sequence[Job], detect: Detect) -> None:
        try:
            with self.console.bar(len(jobs)) as bar:
                for index, job in enumerate(jobs):
                    self._one(job, detect, _progress(bar, index, len(jobs), job.source))
        except KeyboardInterrupt:
            self.tally.interrupted = True
            done = self.tally.done + len(self.tally.failures)
            self.console.error(f"interrupted: {done} of {len(jobs)} inputs done")

    def _one(self, job: Job, detect: Detect, on_progress: Progress) -> None:
        try:
            if job.error is not None:
                raise job.error
            on_progress(0.0, None)
            with self.watch.stage(DETECTING):
                result = detect(job.source, on_progress, partial(self._event, job.source))
            if result.profile is not None:
                self.profile += result.profile
            self._judge(result)
        except (UsageError, WorkerError, OutputError):
            # a source only reads: what cannot be written is what all of them share
            raise
        except Exception as error:
            self._fail(job.source, error)
            return
        self.tally.done += 1
        self.tally.events += len(result.events)
        self._keep(result)
        self._collect()

    def _event(self, source: str, event: Event) -> None:
        alert = Alert(source, self._model, event)
        for sink in self.sinks:
            sink.event(alert)

    def _keep(self, result: DetectionResult) -> None:
        """Give a result to every sink, first to those that need no second look at the video.

        Where people are hidden all sinks wait for that look: the result says how it went.
        """
        looking = [sink for sink in self.sinks if sink.sees_frames]
        others = [sink for sink in self.sinks if not sink.sees_frames]
        if self.privacy is None:
            _give(result, others)
        views = [view for sink in looking for view in sink.views(result)]
        if views:
            from slipdetect.video import show

            show(result.source, views, self.privacy, **self.reading)
        if self.privacy is not None:
            for warning in self.privacy.pop_warnings():
                result.report.warn(warning)
                self.console.warn(f"{result.source!r}: {warning}")
            _give(result, others)
        _give(result, looking)

    def _collect(self) -> None:
        """Take from the sinks what they wrote, and warn of what they could not make."""
        for sink in self.sinks:
            self.written += sink.written
            sink.written.clear()
        self.tally.missing += warn_of_missing(self.sinks, self.console)

    def _judge(self, result: DetectionResult) -> None:
        """Warn of everything that makes a result less sure than it looks."""
        name = repr(result.source)
        if self.strict and result.report.truncated:
            raise VideoError(f"{name} is truncated; re-copy it, or leave out --strict")
        for warning in result.report.warnings:
            self.console.warn(f"{name}: {warning}")
        if result.padded:
            self.console.warn(
                f"{name}: shorter than a window of the model, so judged on less than usual"
            )

    def _fail(self, source: str, error: Exception) -> None:
        code, text = report_one(error, source, self.console)
        self.tally.failures.append(code)
        for sink in self.sinks:
            sink.failure(source, one_line(text))
        self._collect()


def _give(result: DetectionResult, sinks: Sequence[Sink]) -> None:
    for sink in sinks:
        sink.result(result)


@contextmanager
def opened(sinks: Sequence[Sink], detector: Detector | None, console: Console) -> Iterator[None]:
    """Open sinks, and when the block ends let go of them and say what they have to say."""
    try:
        with ExitStack() as stack:
            for sink in sinks:
                stack.enter_context(sink)
                sink.open(detector)
            yield
    finally:
        for sink in sinks:
            for remark in sink.remarks:
                console.note(remark)


def warn_of_missing(sinks: Sequence[Sink], console: Console) -> int:
    """Warn of what sinks could not make since the last time, and return how much that is."""
    count = 0
    for sink in sinks:
        for failure in sink.missing:
            console.warn(describe(failure))
        count += len(sink.missing)
        sink.missing.clear()
    return count


def _progress(bar: Bar, index: int, total: int, source: str) -> Progress:
    """Return the callback that shows how far a clip is within a batch."""
    count = f"{index + 1}/{total} " if total > 1 else ""
    title = count + shorten(printable(source), _NAME_COLUMNS)

    def show(done: float, duration: float | None) -> None:
        share = min(done / duration, 1.0) if duration else 0.0
        far = clock(done) + (f"/{clock(duration)}" if duration else "")
        bar.show(index + share, f"{title} {far}", now=done == 0.0)

    return show
