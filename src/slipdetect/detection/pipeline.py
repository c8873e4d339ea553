"""The one loop, from frames of a segment to scores of windows; it knows no network.

In: sampled frames. Out: the scores of windows as soon as they are complete. It knows no network.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from slipdetect.detection.cutting import FlowSource, Snippet, SnippetCutter
from slipdetect.detection.schedule import Schedule, Score, Scores, WindowScores
from slipdetect.flow.machine import peak_memory
from slipdetect.modalities.snippet import StreamInput
from slipdetect.types import EventConfig, Profile, Stage, VideoInfo, View, Window
from slipdetect.types.aftermath import Aftermath
from slipdetect.types.result import watched
from slipdetect.types.zones import Zones
from slipdetect.video import Frame, Video

T = TypeVar("T")

BATCH = 16  # snippets
# stages of a profile; there is one for each network, by its modality, too
READING = "reading and decoding"
FLOW = "optical flow"
CUTTING = "cutting snippets"
WAITING = "waiting for snippets"
SCORING = "waiting for networks"
NETWORK = "network {}"
JUDGING = "windows"
CALLBACKS = "callbacks"

_END: Any = object()


class Stopwatch:
    """Adds up the time of stages in any number of threads.

    A stage within another one is taken off it, so that no second counts twice in a thread.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._owner = threading.get_ident()
        self._lock = threading.Lock()
        self._found: dict[tuple[str, bool], float] = {}
        self._running = threading.local()
        self._began = clock()

    @property
    def seconds(self) -> float:
        """Time since the stopwatch was made."""
        return self._clock() - self._began

    @property
    def stages(self) -> tuple[Stage, ...]:
        """What was measured so far."""
        with self._lock:
            return tuple(Stage(*key[:1], took, key[1]) for key, took in self._found.items())

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block."""
        outer: list[float] | None = getattr(self._running, "within", None)
        within = [0.0]
        self._running.within = within
        begin = self._clock()
        try:
            yield
        finally:
            took = self._clock() - begin
            self._running.within = outer
            if outer is not None:
                outer[0] += took
            key = (name, threading.get_ident() != self._owner)
            with self._lock:
                self._found[key] = self._found.get(key, 0.0) + took - within[0]

    def each(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Yield ``items`` and measure how long each lets wait."""
        with self.stage(name):
            source = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(source)
                except StopIteration:
                    return
            yield item


@dataclass
class RunState:
    """One run over one source: what is known of it, and how far it is."""

    # probabilities far from its thresholds may be estimates; None: all count
    event_config: EventConfig | None = None
    info: VideoInfo | None = None  # None of a live source
    flow: FlowSource | None = None  # of the frames, if it need not be computed
    samples: int = 0  # frames looked at
    last: float = 0.0  # time of the last one, seconds
    snippets: int = 0  # scored
    computed: int = 0  # those of them that networks computed
    watch: Stopwatch = field(default_factory=Stopwatch)
    tracks: int = 0  # people numbered so far
    # who fell and is looked for until it is known what became of them
    followed: list[Aftermath] = field(default_factory=list)
    sparse: bool = False  # a live source may leave out snippets too, which it is told later for
    zones: Zones = field(default_factory=Zones)
    view: View = "level"

    def profile(self, video: Video) -> Profile:
        """Return where the time went so far in the run over a file."""
        return Profile(
            self.watch.seconds,
            self.watch.stages,
            watched(self.last, video.info, video.report),
            video.report.frames,
            self.samples,
            self.snippets,
            self.computed,
            peak_memory(),
        )


class Segment(Iterator[Frame]):
    """Sampled frames without a gap: all those of a file, or of a live source up to its next gap.

    Args:
        frames: Read once.
        run: That the segment is a part of; None: a run of its own.
        waiting: Returns how many frames of a live source are there already; None: all are.
    """

    def __init__(
        self,
        frames: Iterable[Frame],
        run: RunState | None = None,
        waiting: Callable[[], int] | None = None,
    ) -> None:
        self.run = RunState() if run is None else run
        self.waiting = waiting
        self.start = 0.0  # time of the first frame, seconds, once that was taken
        self.on_frame: Callable[[Frame], None] | None = None  # sees every frame that is taken
        self._frames = self.run.watch.each(READING, frames)
        self._begun = False

    def __next__(self) -> Frame:
        frame = next(self._frames)
        if not self._begun:
            self._begun, self.start = True, frame.time
        self.run.samples += 1
        self.run.last = frame.time
        if self.on_frame is not None:
            self.on_frame(frame)
        return frame


class WindowScorer(Protocol):
    """What finds something in frames: it gives every window of them a probability.

    Derive from it and ``Detector(scorer)`` makes events of the windows, of files and live.

    Attributes:
        name: What results call it.
        sample_fps: Frames per second that it wants; None: every frame.
        short_side: Shorter side of the frames that it wants, pixels; None: as they are.
        label: What its events are called.
        window: Length of a whole window, seconds; results of shorter videos say so.
        weights: sha256 of its weights by modality, for results.
    """

    name: str
    sample_fps: float | None
    short_side: int | None
    label: str = "slip"
    window: float = 0.0
    weights: Mapping[str, str] = MappingProxyType({})

    def windows(self, segment: Segment) -> Iterator[Window]:
        """Yield the windows of a segment in order of time, each as soon as it is known.

        Args:
            segment: Yields ``Frame``s, whose times windows have; one by one they take no memory.
        """


def marked_windows(scorer: WindowScorer, segment: Segment) -> Iterator[Window]:
    """Yield the windows of a segment as ``EventFinder`` wants them: with the zone of each."""
    run = segment.run
    return (run.zones.marked(window, run.view) for window in scorer.windows(segment))


class Networks(Protocol):
    """Scores snippets; those of one call may be of several segments."""

    def session(self, watch: Stopwatch, alone: bool) -> AbstractContextManager[Score[Snippet]]:
        """Return a context with what scores snippets.

        Args:
            watch: Measures how long each network takes.
            alone: Nothing else but a thread that reads wants the CPUs meanwhile.
        """


def window_scores(
    segment: Segment,
    streams: Sequence[StreamInput],
    flow: FlowSource | None,
    schedule: Schedule,
    networks: Networks,
    batch: int = BATCH,
) -> Generator[WindowScores, None, None]:
    """Yield the scores of all windows of a segment.

    The frames of a file are read, and snippets cut, in a thread of their own, a batch ahead. Those
    of a live source have one already, and a batch is what can be had without waiting.

    Args:
        segment: The frames.
        streams: What is cut of them.
        flow: Where flow comes from; None where no stream wants it.
        schedule: Which snippets are computed, and which windows they form.
        networks: Compute the scores of snippets, at most ``batch`` in a call.
        batch: See ``networks``.
    """
    run, waiting = segment.run, segment.waiting
    timed = None if flow is None else lambda pictures: run.watch.each(FLOW, flow(pictures))
    cutter = SnippetCutter(schedule, streams, timed, locate=bool(run.zones))
    snippets = run.watch.each(CUTTING, cutter.cut(segment))
    if waiting is None:
        batches = prefetch(_batches(snippets, batch), depth=1)
    else:
        batches = _batches(snippets, batch, lambda: waiting() >= schedule.step)
    assembler = schedule.assembler()
    with closing(batches), networks.session(run.watch, alone=waiting is None) as score:

        def compute(chosen: Sequence[Snippet]) -> list[Scores]:
            run.computed += len(chosen)
            return score(chosen)

        scored = schedule.select(run.watch.each(WAITING, batches), compute)
        for snippet, scores in chain.from_iterable(scored):
            run.snippets += 1
            yield from assembler.push(snippet.place, scores, snippet.corrupt, snippet.moving)
            del snippet  # its pictures are a second of memory while the next is waited for
        yield from assembler.finish(cutter.frames)


def _batches(
    snippets: Iterable[Snippet], size: int, more: Callable[[], bool] = lambda: True
) -> Generator[list[Snippet], None, None]:
    """Group snippets; a group ends early where no ``more`` can be had."""
    batch: list[Snippet] = []
    for snippet in snippets:
        batch.append(snippet)
        if len(batch) == size or not more():
            yield batch
            batch = []
    if batch:
        yield batch


def prefetch(items: Iterable[T], depth: int = 2) -> Generator[T, None, None]:
    """Yield ``items``, which a thread takes, at most ``depth`` of them waiting.

    Errors of the thread are raised here; closing early stops it before it takes another item.
    """
    source = iter(items)
    with ThreadPoolExecutor(1, "slipdetect-decode") as thread:
        ahead = deque(thread.submit(next, source, _END) for _ in range(depth + 1))
        try:
            while (item := ahead.popleft().result()) is not _END:
                ahead.append(thread.submit(next, source, _END))
                yield item
        finally:
            for future in ahead:
                future.cancel()
