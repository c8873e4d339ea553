"""Finding slips and falls while they happen: the same windows and events as for a file.

In: a ``Detector`` and a ``LiveVideo``. Out: notes as soon as they are true, and a summary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import chain
from typing import Any, Protocol

from slipdetect.detection.flow_sources import prompt_flow
from slipdetect.detection.live_notes import Found, LiveNote, LiveSummary, Onset
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.detection.snippets import Snippet, SnippetCutter
from slipdetect.detection.windows import WindowAssembler, WindowPlan
from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.models import ModelConfig
from slipdetect.types import Event, EventConfig, EventFinder, Window
from slipdetect.video import Frame, FrameTransform, SourceOptions
from slipdetect.video.live import (
    LiveSettings,
    LiveVideo,
    Reconnecting,
    Skipped,
    VideoNote,
    live_source,
)

_BATCH = 16


class LoadedModel(Protocol):
    """What a live run needs of a ``Detector``; see there for what each is."""

    config: ModelConfig
    events: EventConfig
    scorer: SnippetScorer
    grid: SnippetGrid
    plan: WindowPlan
    view: FrameTransform | None


class LiveDetection:
    """One live run.

    A gap in the source, or frames for which there was no time, ends an event that is going on and
    marks it as interrupted; behind the gap windows begin anew.

    Args:
        detector: The model; it must have no view.
        video: Sampled as the model wants it.

    Raises:
        UsageError: The detector has a view.
    """

    def __init__(self, detector: LoadedModel, video: LiveVideo) -> None:
        if detector.view is not None:
            raise UsageError("a live source cannot be looked at through a view; leave it out")
        self._detector = detector
        self._video = video
        self._rate = detector.config.sample_fps
        self._finder = EventFinder(detector.events, detector.config.positive)
        self._open: float | None = None
        self._onsets = self._events = self._sampled = 0
        self._last = 0.0
        self._note: VideoNote | None = None
        recipes = [each.flow for each in detector.config.streams if each.flow is not None]
        self._flow = prompt_flow(recipes[0]) if recipes else None

    def notes(self) -> Iterator[LiveNote]:
        """Yield what happens, until the source comes to an end.

        Raises:
            VideoError: The source cannot be opened, or not again after all tries.
        """
        while True:
            yield from self._look(self._stretch())
            note = self._note
            if note is None:
                break
            if isinstance(note, Reconnecting | Skipped):
                yield from self._close(interrupted=True)
            yield note
        yield from self._close(interrupted=False)

    def finish(self) -> Iterator[LiveNote]:
        """Yield what is still open where ``notes`` was ended early."""
        yield from self._close(interrupted=True)

    def summary(self) -> LiveSummary:
        """Return how the run has gone so far."""
        video = self._video
        return LiveSummary(
            seconds=self._last,
            events=self._events,
            frames=video.report.frames,
            failures=video.report.failures,
            sampled=self._sampled,
            dropped=video.dropped,
            longest_lag=video.longest_lag,
            reconnects=video.reconnects,
        )

    def _stretch(self) -> Iterator[Frame]:
        """Yield frames up to the next note, which is kept; None at the end."""
        while isinstance(item := self._video.get(), Frame):
            self._sampled += 1
            self._last = item.time
            yield item
        self._note = item

    def _look(self, frames: Iterator[Frame]) -> Iterator[LiveNote]:
        first = next(frames, None)
        if first is None:
            return
        detector, rate = self._detector, self._rate
        cutter = SnippetCutter(detector.grid, detector.scorer.inputs(self._flow))
        assembler = WindowAssembler(detector.plan, detector.scorer.judge)
        snippets = cutter.cut(chain([first], frames))
        for batch in _ready(snippets, lambda: self._video.waiting >= detector.grid.step):
            for snippet, scores in zip(batch, detector.scorer.score(batch), strict=True):
                windows = assembler.push(scores, snippet.corrupt, snippet.last / rate)
                yield from self._judge(windows, first.time)
        yield from self._judge(assembler.finish((cutter.frames - 1) / rate), first.time)

    def _judge(self, windows: list[Window], base: float) -> Iterator[LiveNote]:
        for window in windows:
            moved = replace(window, start=window.start + base, end=window.end + base)
            yield from self._told(self._finder.push(moved))
            begun = self._finder.open_since
            if begun is not None and begun != self._open:
                self._onsets += 1
                yield Onset(self._onsets, begun, window.probability)
            self._open = begun

    def _close(self, interrupted: bool) -> Iterator[LiveNote]:
        events = self._finder.finish(interrupted)
        self._open = None
        yield from self._told(events)

    def _told(self, events: list[Event]) -> Iterator[LiveNote]:
        for event in events:
            self._events += 1
            yield Found(self._onsets, event)


def _ready(snippets: Iterator[Snippet], more: Callable[[], bool]) -> Iterator[list[Snippet]]:
    """Group snippets that can be had without waiting for the source."""
    batch: list[Snippet] = []
    for snippet in snippets:
        batch.append(snippet)
        if len(batch) == _BATCH or not more():
            yield batch
            batch = []
    if batch:
        yield batch


def live_events(detector: LoadedModel, source: str, options: SourceOptions) -> Iterator[Event]:
    """Yield the events of a live source as soon as nothing later can change them.

    Args:
        detector: The model.
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
    config, settings = detector.config, LiveSettings(**given)
    with LiveVideo(
        live_source(source), config.sample_fps, config.frame_short_side, settings
    ) as video:
        for note in LiveDetection(detector, video).notes():
            if isinstance(note, Found):
                yield note.event
