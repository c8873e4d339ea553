"""Finding slips and falls in a video: the one path from a source to events.

In: a source that ``open_video`` reads. Out: a ``DetectionResult``, or events as they end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from copy import copy
from functools import partial
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Self, Unpack

from slipdetect.detection.findings import Findings
from slipdetect.detection.flow_sources import stored_flow, timed_flow
from slipdetect.detection.live import live_events
from slipdetect.detection.loading import check_consensus, model_folder, resolve_device
from slipdetect.detection.prefetch import prefetch
from slipdetect.detection.profile import (
    CALLBACKS,
    CUTTING,
    JUDGING,
    READING,
    WAITING,
    Stopwatch,
)
from slipdetect.detection.refining import Refiner, SnippetScores, anchor_distance, sure
from slipdetect.detection.scorer import SnippetScorer
from slipdetect.detection.snippets import FlowSource, Snippet, SnippetCutter
from slipdetect.detection.threads import network_threads, room_for_reading
from slipdetect.detection.windows import WindowAssembler, WindowPlan
from slipdetect.errors import UsageError, VideoError
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.models import ModelConfig, ModelPackage, load_package
from slipdetect.models.config import BALANCED
from slipdetect.store import VideoStore
from slipdetect.types import DetectionResult, Event, EventConfig, EventFinder, Window
from slipdetect.video import (
    Frame,
    FrameTransform,
    SourceOptions,
    Video,
    VideoOptions,
    frames_on_grid,
    open_video,
)
from slipdetect.video.live import is_live
from slipdetect.video.options import file_options

_BATCH = 16

Source = str | PathLike[str]
Progress = Callable[[float, float | None], None]
OnEvent = Callable[[Event], None]


class Detector:
    """A loaded model that finds slips and falls.

    Attributes:
        config: The model's configuration.
        events: Thresholds and durations in force.
        device: Where the networks run.
        exact: Every snippet is computed, in float32.
        scorer: The networks.
        grid: Where snippets lie.
        plan: Where windows lie.
        view: What is done to the frames of every video before they are sampled; None for nothing.
    """

    def __init__(
        self,
        package: ModelPackage,
        device: str = "auto",
        events: EventConfig | None = None,
        exact: bool = False,
    ) -> None:
        self.config: ModelConfig = package.config
        self.device = resolve_device(device)
        self.events = package.config.events if events is None else events
        check_consensus(package.config)
        self.exact = exact
        self.scorer = SnippetScorer(package, self.device, exact=exact)
        self.view: FrameTransform | None = None
        modalities = [stream.snippet for stream in self.config.streams]
        config = self.config
        self.grid = SnippetGrid.make(modalities, config.snippet_stride, config.sample_fps)
        self._every = 1 if exact else anchor_distance(self.grid)
        self.plan = WindowPlan.make(
            config.window, config.stride, self.grid.step, self.grid.span, config.sample_fps
        )

    @classmethod
    def load(
        cls,
        model: str | PathLike[str] = "default",
        device: str = "auto",
        events: Mapping[str, float | None] | None = None,
        sensitivity: str = BALANCED,
        exact: bool = False,
    ) -> Self:
        """Load a model package.

        Args:
            model: ``"default"`` (the bundled model) or the folder of a package.
            device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
            events: Settings of ``EventConfig`` that replace the model's own and the preset's.
            sensitivity: ``"low"``, ``"balanced"`` or ``"high"``: thresholds that the model has
                for fewer false events, as it is, and for fewer missed ones.
            exact: Compute every snippet, in float32, as measuring does; slower, and the same on
                every machine.

        Raises:
            PackageError: The package is missing, damaged or made for something else.
            ModelError: The device is not there, or the model has no such thresholds.
        """
        package = load_package(model_folder(model))
        preset = package.config.events_at(sensitivity)
        config = preset.updated({} if events is None else events)
        return cls(package, device, config, exact)

    def through(self, view: FrameTransform | None) -> Self:
        """Return a detector with the same networks that sees what ``view`` makes of every video.

        Args:
            view: Takes every frame of a recording, in order and with the model's short side, and
                yields those of another recording; called anew for each source. None for nothing.
        """
        other = copy(self)
        other.view = view
        return other

    def detect(
        self,
        source: Source,
        *,
        on_progress: Progress | None = None,
        on_event: OnEvent | None = None,
        store: VideoStore | None = None,
        **reading: Unpack[VideoOptions],
    ) -> DetectionResult:
        """Find the events of a whole source.

        Args:
            source: A file.
            on_progress: Called with (seconds done, seconds in all or None).
            on_event: Called with every event as soon as nothing later can change it, in the
                middle of the source too; detection waits for it and ends with what it raises.
            store: Take flow from here where it has the source's, instead of computing it.
            **reading: As for ``open_video``: stream, frame_rate, max_pixels, max_duration.

        Raises:
            VideoError: The source cannot be read, or holds no frame that can be decoded.
            DataError: The store's flow was made by another recipe than the model's.
            UsageError: A store is given to a detector with a view.
        """
        if store is not None and self.view is not None:
            raise UsageError(
                "stored flow is of the video as it is; leave the store or the view out"
            )
        findings = Findings()
        with findings.watch.stage(READING):
            video = open_video(source, **reading)
        with video, room_for_reading(self.device):
            flow = None if store is None else stored_flow(store, Path(source), self.config)
            for event in self._run(video, findings, on_progress, flow):
                findings.events.append(event)
                if on_event is not None:
                    with findings.watch.stage(CALLBACKS):
                        on_event(event)
        if findings.samples == 0:
            raise VideoError(f"{str(source)!r} has no frame that can be decoded; re-copy the file")
        duration = (findings.samples - 1) / self.config.sample_fps
        return DetectionResult(
            source=str(source),
            model=self.config.name,
            weights={stream.modality: stream.sha256 for stream in self.config.streams},
            events=tuple(findings.events),
            windows=tuple(findings.windows),
            info=video.info,
            report=video.report,
            duration=duration,
            padded=duration
            < (self.plan.span - 1 + (self.plan.snippets - 1) * self.plan.step)
            / self.config.sample_fps,
            profile=findings.profile(video.report, duration),
            event_config=self.events,
            label=self.config.positive,
        )

    def stream(self, source: Source, **reading: Unpack[SourceOptions]) -> Iterator[Event]:
        """Yield the events of a source as soon as nothing later can change them.

        Args:
            source: A file, an address such as ``rtsp://...``, or the number of a camera.
            **reading: As for ``open_video``, or fields of ``LiveSettings`` for what is no file.

        Raises:
            VideoError: The source cannot be read, or not again after all tries.
            UsageError: An option that such a source does not take.
        """
        if is_live(str(source)) and not Path(source).exists():
            yield from live_events(self, str(source), reading)
            return
        with open_video(source, **file_options(reading)) as video:
            yield from self._run(video)

    def _run(
        self,
        video: Video,
        findings: Findings | None = None,
        on_progress: Progress | None = None,
        flow: FlowSource | None = None,
    ) -> Iterator[Event]:
        watch = Stopwatch() if findings is None else findings.watch
        finder = EventFinder(self.events, self.config.positive)
        assembler = WindowAssembler(self.plan, self.scorer.judge)
        cutter = SnippetCutter(self.grid, timed_flow(self.scorer.inputs(flow), watch))
        snippets = watch.each(CUTTING, cutter.cut(watch.each(READING, self._frames(video))))
        with (
            closing(prefetch(_batches(snippets), depth=1)) as batches,
            network_threads(self.device, len(self.config.streams)) as pool,
        ):
            score = partial(self.scorer.score, watch=watch, pool=pool)
            refiner = Refiner(score, self._verdict, self._every)
            for scored in refiner.refine(watch.each(WAITING, batches)):
                for snippet, scores in scored:
                    known = snippet.last / self.config.sample_fps
                    with watch.stage(JUDGING):
                        windows = assembler.push(scores, snippet.corrupt, known)
                    yield from self._judge(windows, finder, findings)
                if findings is not None:
                    findings.snippets, findings.computed = refiner.snippets, refiner.computed
                if on_progress is not None and scored:
                    with watch.stage(CALLBACKS):
                        at = scored[-1][0].start / self.config.sample_fps
                        on_progress(at, video.info.duration)
        if findings is not None:
            findings.samples = cutter.frames
        if cutter.frames:
            windows = assembler.finish((cutter.frames - 1) / self.config.sample_fps)
            yield from self._judge(windows, finder, findings)
        yield from finder.finish()

    def _verdict(self, scores: SnippetScores) -> bool | None:
        """Return whether a window of nothing but such snippets surely is in an event, or is not."""
        count = self.plan.snippets  # a consensus that learned knows windows, not single snippets
        like = {name: logits.expand(1, count, -1) for name, logits in scores.items()}
        return sure(self.scorer.judge(like)[0], self.events)

    def _frames(self, video: Video) -> Iterator[Frame]:
        rate, short_side = self.config.sample_fps, self.config.frame_short_side
        if self.view is None:
            return video.frames(rate, short_side)
        return frames_on_grid(self.view(video.frames(short_side=short_side)), rate)

    def _judge(
        self, windows: list[Window], finder: EventFinder, findings: Findings | None
    ) -> Iterator[Event]:
        for window in windows:
            if findings is not None:
                findings.windows.append(window)
            yield from finder.push(window)


def _batches(snippets: Iterator[Snippet]) -> Iterator[list[Snippet]]:
    """Group snippets for the network."""
    while batch := list(islice(snippets, _BATCH)):
        yield batch
