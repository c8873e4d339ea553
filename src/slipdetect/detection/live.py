"""Finding slips and falls while they happen: the same windows and events as of a file.

In: a ``Detector`` and a ``LiveVideo``. Out: ``LiveEvent``s as soon as they are true, a summary.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Protocol

from slipdetect.detection.pipeline import RunState, Segment, WindowScorer
from slipdetect.errors import UsageError
from slipdetect.types import Event, EventConfig, EventFinder
from slipdetect.video import Frame, FrameTransform, SourceOptions
from slipdetect.video.live import (
    LiveSettings,
    LiveVideo,
    Reconnected,
    Reconnecting,
    Skipped,
    Started,
    VideoNote,
    live_source,
)


@dataclass(frozen=True)
class EventStarted:
    """An event has begun; a short one may still be dropped.

    Attributes:
        id: Number of the event, from 1.
        start: Seconds from the first frame.
        probability: Of the window that began it.
    """

    id: int
    start: float
    probability: float


@dataclass(frozen=True)
class EventFinal:
    """An event that nothing later can change.

    Attributes:
        id: That of its ``EventStarted``.
        event: What was found.
    """

    id: int
    event: Event


@dataclass(frozen=True)
class LiveSummary:
    """How a live run went.

    Attributes:
        seconds: Time of the last frame that was processed.
        events: Events that were final.
        frames: Frames decoded.
        failures: Frames and packets that were damaged.
        sampled: Sampled frames that were processed.
        dropped: Sampled frames thrown away, because there was no time for them.
        longest_lag: Longest wait of a sampled frame, seconds.
        reconnects: Times that frames came again after a gap.
    """

    seconds: float
    events: int
    frames: int
    failures: int
    sampled: int
    dropped: int
    longest_lag: float
    reconnects: int

    @property
    def achieved_fps(self) -> float:
        """Frames processed in a second of the run; 0 where there was nothing to see."""
        return self.sampled / self.seconds if self.seconds > 0 else 0.0


LiveEvent = Started | Reconnecting | Reconnected | Skipped | EventStarted | EventFinal


class LiveDetector(Protocol):
    """What a live run needs of a ``Detector``; see there for what each is."""

    scorer: WindowScorer
    event_config: EventConfig
    transform: FrameTransform | None


class LiveDetection:
    """One live run.

    A gap in the source, or frames for which there was no time, ends the segment: an event that is
    going on is marked as interrupted, and after the gap windows begin anew.

    Args:
        detector: The detector; it must have no transform.
        video: Sampled as the scorer wants it.

    Raises:
        UsageError: The detector has a transform.
    """

    def __init__(self, detector: LiveDetector, video: LiveVideo) -> None:
        if detector.transform is not None:
            raise UsageError("a live source takes no transform; leave it out")
        self._scorer = detector.scorer
        self._video = video
        self._run = RunState(detector.event_config)
        self._finder = EventFinder(detector.event_config, detector.scorer.label)
        self._open: float | None = None
        self._started = self._final = 0
        self._note: VideoNote | None = None

    def events(self) -> Iterator[LiveEvent]:
        """Yield what happens, until the source comes to an end.

        Raises:
            VideoError: The source cannot be opened, or not again after all tries.
        """
        while True:
            segment = Segment(self._frames(), self._run, lambda: self._video.waiting)
            for window in self._scorer.windows(segment):
                yield from self._finished(self._finder.push(window))
                since = self._finder.open_since
                if since is not None and since != self._open:
                    self._started += 1
                    yield EventStarted(self._started, since, window.probability)
                self._open = since
            for _ in segment:  # a scorer need not take all of it
                pass
            note = self._note
            if note is None:
                break
            if isinstance(note, Reconnecting | Skipped):
                yield from self._close(interrupted=True)
            yield note
        yield from self._close(interrupted=False)

    def finish(self) -> Iterator[LiveEvent]:
        """Yield what is still open where ``events`` was ended early."""
        yield from self._close(interrupted=True)

    def summary(self) -> LiveSummary:
        """Return how the run has gone so far."""
        video = self._video
        return LiveSummary(
            seconds=self._run.last,
            events=self._final,
            frames=video.report.frames,
            failures=video.report.failures,
            sampled=self._run.samples,
            dropped=video.dropped,
            longest_lag=video.longest_lag,
            reconnects=video.reconnects,
        )

    def _frames(self) -> Iterator[Frame]:
        """Yield frames up to the next note, which is kept; None at the end."""
        while isinstance(item := self._video.get(), Frame):
            yield item
        self._note = item

    def _close(self, interrupted: bool) -> Iterator[LiveEvent]:
        events = self._finder.finish(interrupted)
        self._open = None
        yield from self._finished(events)

    def _finished(self, events: list[Event]) -> Iterator[LiveEvent]:
        for event in events:
            self._final += 1
            yield EventFinal(self._started, event)


def live_events(detector: LiveDetector, source: str, options: SourceOptions) -> Iterator[Event]:
    """Yield the events of a live source as soon as nothing later can change them.

    Args:
        detector: The detector.
        source: An address, or the number of a camera.
        options: Fields of ``LiveSettings``.

    Raises:
        UsageError: A field that does not exist.
        VideoError: The source cannot be opened, or not again after all tries.
    """
    given: dict[str, Any] = dict(options)  # a file's frame_rate may be among them
    unknown = set(given) - {item.name for item in fields(LiveSettings)}
    if unknown:
        raise UsageError(f"a live source takes no {', '.join(sorted(unknown))}; leave it out")
    rate, short_side = detector.scorer.sample_fps, detector.scorer.short_side
    if rate is None or short_side is None:
        raise UsageError(
            f"the scorer {detector.scorer.name!r} has no sample_fps or short_side; set both for "
            "live sources"
        )
    with LiveVideo(live_source(source), rate, short_side, LiveSettings(**given)) as video:
        for each in LiveDetection(detector, video).events():
            if isinstance(each, EventFinal):
                yield each.event
