"""Finding slips and falls while they happen: the same windows and events as of a file.

In: a ``Detector`` and a ``LiveVideo``. Out: ``LiveEvent``s as soon as they are true, a summary.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol

from slipdetect.detection.pipeline import RunState, Segment, WindowScorer, marked_windows
from slipdetect.detection.turns import Turns
from slipdetect.errors import UsageError
from slipdetect.types import Event, EventConfig, EventFinder, View, Window
from slipdetect.types.event_finder import Found
from slipdetect.types.zones import Zones
from slipdetect.video import Frame, FrameTransform, Gap, SourceOptions
from slipdetect.video.live import (
    LiveSettings,
    LiveSource,
    LiveVideo,
    Reconnecting,
    Skipped,
    VideoNote,
    live_source,
)
from slipdetect.video.live.live_video import Keep

_REMEMBERED = 60.0  # seconds of windows
STILL_DOWN = (10.0, 30.0, 60.0)  # seconds after which it is told that somebody did not get up


@dataclass(frozen=True)
class EventStarted:
    """An event has begun; a short one may still be dropped.

    Attributes:
        id: Number of the event, from 1.
        start: Seconds from the first frame.
        probability: Of the window that began it.
        sure: Nothing that follows can drop it.
        time_of_day: When that was by the clock on the wall, as for ``Event``.
    """

    id: int
    start: float
    probability: float
    sure: bool = True
    time_of_day: str | None = None


@dataclass(frozen=True)
class EventFinal:
    """An event that nothing later can change; ``id`` is that of its ``EventStarted``."""

    id: int
    event: Event


@dataclass(frozen=True)
class StillDown:
    """The person of an event has not got up for a while."""

    id: int
    event: Event  # with how long the person has been down by now
    after: float  # which of ``STILL_DOWN`` that is at least, seconds


@dataclass(frozen=True)
class UpAgain:
    """The person of an event is up again; the event says when, and how long they were down."""

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
        gone: Seconds that the recording has no pictures of.
        drift: Seconds that the clock on the wall has gone further than the timestamps.
    """

    seconds: float
    events: int
    frames: int
    failures: int
    sampled: int
    dropped: int
    longest_lag: float
    reconnects: int
    gone: float = 0.0
    drift: float = 0.0

    @property
    def achieved_fps(self) -> float:
        """Frames processed in a second of the run; 0 where there was nothing to see."""
        seen = self.seconds - self.gone
        return self.sampled / seen if seen > 0 else 0.0


LiveEvent = VideoNote | EventStarted | EventFinal | StillDown | UpAgain


@dataclass
class _Followed:
    """The person of an event that was told."""

    found: Found
    time_of_day: str | None
    told: float = 0.0  # how long it was said that they are down, seconds

    def news(self) -> Iterator[StillDown | UpAgain]:
        """Yield what was not told yet; of several times reached at once the longest."""
        event = replace(self.found.told, time_of_day=self.time_of_day)
        if event.recovered_at is not None:
            yield UpAgain(self.found.number, event)
            return
        down = event.down_for or 0.0
        reached = max((each for each in STILL_DOWN if each <= down + 1e-9), default=0.0)
        if reached > self.told:
            self.told = reached
            yield StillDown(self.found.number, event, reached)


class LiveDetector(Protocol):
    """What a live run needs of a ``Detector``; see there for what each is."""

    scorer: WindowScorer
    event_config: EventConfig
    zones: Zones
    transform: FrameTransform | None
    view: View


class LiveDetection:
    """One live run.

    A gap in the source, or frames for which there was no time, ends the segment: an event that is
    going on is marked as interrupted, and after the gap windows begin anew.

    Args:
        detector: The detector; it must have no transform.
        video: Sampled as the scorer wants it.
        sparse: Leave out snippets where those around them agree, as with files; an event is told
            up to half a second later then.
        turns: What frames are looked at in; None: at any time.

    Attributes:
        recent: Center and probability of the windows of the last minute.
        stopped: It was ended by ``stop``.

    Raises:
        UsageError: The detector has a transform.
    """

    def __init__(
        self,
        detector: LiveDetector,
        video: LiveVideo,
        sparse: bool = False,
        turns: Turns | None = None,
    ) -> None:
        if detector.transform is not None:
            raise UsageError("a live source takes no transform; leave it out")
        self._scorer = detector.scorer
        self._video = video
        self._turns = turns
        self._run = RunState(
            detector.event_config, sparse=sparse, zones=detector.zones, view=detector.view
        )
        self.recent: deque[tuple[float, float]] = deque()
        self.stopped = False
        self._finder = EventFinder(detector.event_config, detector.scorer.label)
        self._open: float | None = None
        self._final = 0
        self._gone = 0.0
        self._followed: list[_Followed] = []
        self._note: VideoNote | None = None

    def events(self) -> Iterator[LiveEvent]:
        """Yield what happens, until the source comes to an end.

        Raises:
            VideoError: The source cannot be opened, or not again after all tries.
        """
        turns, video = self._turns, self._video
        with nullcontext() if turns is None else turns.taken(video.wait()):
            yield from self._events()

    def _events(self) -> Iterator[LiveEvent]:
        while True:
            segment = Segment(self._frames(), self._run, lambda: self._video.waiting)
            for window in marked_windows(self._scorer, segment):
                self._finder.push(window)
                self._remember(window)
                for each in self._followed:
                    each.found.after.push(window)
                yield from self._finished()
                since = self._finder.open_since
                if since is not None and since != self._open:
                    number, config = self._finder.begun, self._finder.config
                    sure = config.confirm_down == 0 and config.min_duration_on == 0
                    moment = self._video.wall.time_of_day(since)
                    yield EventStarted(number, since, window.probability, sure, moment)
                self._open = since
                yield from self._outcomes(window.center)
            for _ in segment:  # a scorer need not take all of it
                pass
            note = self._note
            if note is None:
                break
            if isinstance(note, Gap):
                self._gone += note.end - note.start
            if isinstance(note, Gap | Reconnecting | Skipped):
                yield from self._close(interrupted=True)
            yield note
        yield from self._close(interrupted=self.stopped)

    def stop(self) -> None:
        """Let ``events`` end soon, from another thread; it gives what is still open before."""
        self.stopped = True
        self._video.close()

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
            gone=self._gone,
            drift=video.wall.drift,
        )

    def _remember(self, window: Window) -> None:
        self.recent.append((window.center, window.probability))
        while self.recent[0][0] < window.center - _REMEMBERED:
            self.recent.popleft()

    def _frames(self) -> Iterator[Frame]:
        """Yield frames up to the next note, which is kept; None at the end."""
        while isinstance(item := self._next(), Frame):
            yield item
        self._note = item

    def _next(self) -> Frame | VideoNote | None:
        if self._turns is None:
            return self._video.get()
        self._turns.give()
        self._turns.take(self._video.wait())
        return self._video.get()

    def _close(self, interrupted: bool) -> Iterator[LiveEvent]:
        self._finder.finish(interrupted, live=True)
        self._open = None
        yield from self._finished()

    def _finished(self) -> Iterator[LiveEvent]:
        for found in self._finder.latest:
            self._final += 1
            moment = self._video.wall.time_of_day(found.event.start)
            yield EventFinal(found.number, replace(found.event, time_of_day=moment))
            if found.event.track is not None:
                self._followed.append(_Followed(found, moment))

    def _outcomes(self, now: float) -> Iterator[LiveEvent]:
        """Tell what became of the people of events that were told."""
        for each in self._followed:
            yield from each.news()
        self._followed = [
            each
            for each in self._followed
            if not (each.found.after.ended or each.found.after.lost(now))
        ]


def live_video(
    scorer: WindowScorer, source: LiveSource, settings: LiveSettings, keep: Keep | None = None
) -> LiveVideo:
    """Return a live source whose frames are as a scorer wants them.

    Raises:
        UsageError: The scorer does not say how it wants them.
    """
    if scorer.sample_fps is None or scorer.short_side is None:
        raise UsageError(
            f"the scorer {scorer.name!r} has no sample_fps or short_side; set both for live sources"
        )
    return LiveVideo(source, scorer.sample_fps, scorer.short_side, settings, keep)


def live_events(detector: LiveDetector, source: str, options: SourceOptions) -> Iterator[Event]:
    """Yield the events of a live source as soon as nothing later can change them.

    Args:
        detector: Finds them.
        source: An address, or the number of a camera.
        options: Fields of ``LiveSettings``.

    Raises:
        UsageError: A field that does not exist.
        VideoError: The source cannot be opened, or not again after all tries.
    """
    given: dict[str, Any] = dict(options)
    unknown = set(given) - {item.name for item in fields(LiveSettings)}
    if unknown:
        raise UsageError(f"a live source takes no {', '.join(sorted(unknown))}; leave it out")
    with live_video(detector.scorer, live_source(source), LiveSettings(**given)) as video:
        for each in LiveDetection(detector, video).events():
            if isinstance(each, EventFinal):
                yield each.event
