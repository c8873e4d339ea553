"""Finding slips and falls: the one way from a source to events.

In: a file, or a live source. Out: a ``DetectionResult``, or events as they end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from os import PathLike
from pathlib import Path
from typing import Self, Unpack, get_args

from slipdetect._io import exists
from slipdetect.detection.live import live_events
from slipdetect.detection.loading import (
    check_events,
    events_seen,
    model_folder,
    stored_flow,
    warn_of_view,
)
from slipdetect.detection.pipeline import (
    CALLBACKS,
    READING,
    RunState,
    Segment,
    WindowScorer,
    marked_windows,
)
from slipdetect.detection.scorer import TSNScorer
from slipdetect.errors import UsageError, VideoError
from slipdetect.models.config import BALANCED, ModelConfig
from slipdetect.models.package import ModelPackage, load_package
from slipdetect.store import VideoStore
from slipdetect.types import DetectionResult, Event, EventConfig, EventFinder, View, Window
from slipdetect.types.aftermath import with_aftermath
from slipdetect.types.zones import Zones
from slipdetect.video import (
    FrameTransform,
    SourceOptions,
    Video,
    VideoOptions,
    frames_on_grid,
    open_video,
    split_at_gaps,
)
from slipdetect.video.frame import file_options
from slipdetect.video.live import is_live

Source = str | PathLike[str]
Progress = Callable[[float, float | None], None]
OnEvent = Callable[[Event], None]


class Detector:
    """Makes events of the windows that a scorer finds in a source.

    Args:
        scorer: What gives windows their probability: a model package, see ``load``, or anything
            else that is a ``WindowScorer``.
        event_config: Thresholds and durations; None: those of ``EventConfig()``.

    Attributes:
        scorer: As given.
        zones: Where in the picture events count; none: everywhere.
        transform: What is done to frames before they are sampled; None for nothing.
    """

    def __init__(self, scorer: WindowScorer, event_config: EventConfig | None = None) -> None:
        self.scorer = scorer
        self.zones = Zones()
        self._view: View = "level"
        self.event_config = EventConfig() if event_config is None else event_config
        self.transform: FrameTransform | None = None

    @classmethod
    def load(
        cls,
        model: str | PathLike[str] = "default",
        device: str = "auto",
        events: Mapping[str, float | None] | None = None,
        sensitivity: str = BALANCED,
        exact: bool = False,
        engine: str = "auto",
        view: View = "level",
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
            engine: What computes the networks: ``"onnx"`` (ONNX Runtime, for models that carry a
                graph), ``"openvino"`` (likewise), ``"torch"`` (every model), or ``"auto"``.
            view: ``"above"`` for cameras that look straight down; see ``view`` of the detector.

        Raises:
            UsageError: The model cannot be used with that view, or these events.
            PackageError: The package is missing, damaged or made for something else.
            ModelError: The device is not there, the engine cannot compute this model, or the model
                has no such thresholds.
        """
        package = load_package(model_folder(model))
        config = events_seen(package.config, sensitivity, view).updated(events or {})
        detector = cls.from_package(package, device, config, exact, engine, view)
        warn_of_view(str(model), package.config, view)
        return detector

    @classmethod
    def from_package(
        cls,
        package: ModelPackage,
        device: str = "auto",
        event_config: EventConfig | None = None,
        exact: bool = False,
        engine: str = "auto",
        view: View = "level",
    ) -> Self:
        """Return the detector of a loaded package; see ``load``."""
        config = event_config or events_seen(package.config, BALANCED, view)
        detector = cls(TSNScorer(package, device, exact, engine=engine), config)
        detector.view = view
        return detector

    def again(
        self,
        events: Mapping[str, float | None] | None = None,
        sensitivity: str = BALANCED,
        calibration: str | PathLike[str] | None = None,
        zones: Zones | None = None,
        view: View | None = None,
    ) -> Self:
        """Return a detector by the same networks, for a source that needs other settings.

        Args:
            events: As for ``load``, like ``sensitivity``.
            sensitivity: See ``events``.
            calibration: A package that differs from this model in calibration and thresholds only,
                as ``slipdetect calibrate`` makes it.
            zones: Where in the picture events count; None: as of this detector.
            view: How the camera looks at people; None: as of this detector.

        Raises:
            UsageError: The scorer is no model package, or not for that view or these events.
            PackageError: The calibration is one of another model.
            ModelError: As of ``load``.
        """
        other, config = copy(self), self.config
        if calibration is not None:
            package = load_package(model_folder(calibration))
            other.scorer, config = self.tsn.calibrated(package), package.config
        seen = self.view if view is None else view
        # looked at with the view it goes with
        other._event_config = events_seen(config, sensitivity, seen).updated(events or {})
        if zones is not None:
            other.zones = zones
        other.view = seen
        if calibration is not None or other.view != self.view:
            warn_of_view(str(calibration or config.name), config, other.view)
        return other

    @property
    def event_config(self) -> EventConfig:
        """Thresholds and durations in force; setting them raises as setting ``view`` does."""
        return self._event_config

    @event_config.setter
    def event_config(self, events: EventConfig) -> None:
        if isinstance(self.scorer, TSNScorer):
            check_events(self.config, events, self.view)
        self._event_config = events

    @property
    def view(self) -> View:
        """How the camera looks at people: ``"level"``, or ``"above"``: straight down.

        From above people are judged by how they move alone; whether they are up nobody can tell.

        Raises:
            UsageError: It is set to ``"above"``, and the scorer looks at no people, or events wait
                for people to stay down.
        """
        return self._view

    @view.setter
    def view(self, view: View) -> None:
        if view not in get_args(View):
            raise UsageError(f"view must be one of {', '.join(get_args(View))}, not {view!r}")
        if view != "level" and (not isinstance(self.scorer, TSNScorer) or self.config.pose is None):
            raise UsageError(
                f"the model {self.scorer.name!r} looks at no people, so it cannot judge by them "
                "alone; leave out view='above' or use a model with a pose stream"
            )
        if isinstance(self.scorer, TSNScorer):
            check_events(self.config, self._event_config, view)
        self._view = view

    def share(self) -> None:
        """Let the live sources of many threads share passes of networks that a GPU computes."""
        if isinstance(self.scorer, TSNScorer):
            self.scorer.networks.share()

    @property
    def config(self) -> ModelConfig:
        """The configuration of the model package.

        Raises:
            UsageError: The scorer is none.
        """
        return self.tsn.config

    @property
    def device(self) -> str:
        """Where the networks of the model package run; raises as ``config`` does."""
        return self.tsn.networks.engine.device

    @property
    def engine(self) -> str:
        """What computes the networks of the model package; raises as ``config`` does."""
        return self.tsn.networks.engine.name

    @property
    def tsn(self) -> TSNScorer:
        """The scorer, if it is a model package; raises as ``config`` does."""
        if not isinstance(self.scorer, TSNScorer):
            raise UsageError(f"the scorer {self.scorer.name!r} is no model package")
        return self.scorer

    def with_transform(self, transform: FrameTransform | None) -> Self:
        """Return a detector with the same scorer that sees what ``transform`` makes of a video.

        Args:
            transform: Takes every frame of a recording, in order and with the scorer's short side,
                and yields those of another recording; called anew for each source. None for
                nothing.
        """
        other = copy(self)
        other.transform = transform
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
            **reading: As for ``open_video``: stream, frame_rate, max_pixels, max_duration, pieces,
                time_from_name.

        Raises:
            VideoError: The source cannot be read, or holds no frame that can be decoded.
            DataError: The store's flow was made by another recipe than the model's.
            UsageError: A store is given beside a transform or ``frame_rate``.
        """
        what = "the transform" if self.transform else "frame_rate=..."
        if store is not None and (self.transform or reading.get("frame_rate")):
            raise UsageError(f"stored flow is of the video as it is; leave the store or {what} out")
        run = RunState(self.event_config, zones=self.zones, view=self.view)
        windows: list[Window] = []
        events: list[Event] = []
        with run.watch.stage(READING):
            video = open_video(source, **reading)
        with video:
            if store is not None:
                stream = reading.get("stream")
                run.flow = stored_flow(store, Path(source), self.config, stream)
            for window, final in self._found(video, run):
                for event in final:
                    events.append(event)
                    if on_event is not None:
                        with run.watch.stage(CALLBACKS):
                            on_event(event)
                if window is None:
                    continue
                windows.append(window)
                if on_progress is not None:
                    with run.watch.stage(CALLBACKS):
                        on_progress(window.end, video.info.end)
        if run.samples == 0:
            raise VideoError(f"{str(source)!r} has no frame that can be decoded; re-copy the file")
        return DetectionResult(
            source=str(source),
            model=self.scorer.name,
            weights=dict(self.scorer.weights),
            events=tuple(with_aftermath(event, windows) for event in events),
            windows=tuple(windows),
            info=video.info,
            report=video.report,
            duration=run.last,
            padded=run.last - video.info.start < self.scorer.window,
            profile=run.profile(video),
            event_config=self.event_config,
            label=self.scorer.label,
            zones=self.zones,
            view=self.view,
        )

    def iter_events(self, source: Source, **reading: Unpack[SourceOptions]) -> Iterator[Event]:
        """Yield the events of a source as soon as nothing later can change them.

        Args:
            source: A file, an address such as ``rtsp://...``, or the number of a camera.
            **reading: As for ``open_video``, or fields of ``LiveSettings`` for what is no file.

        Raises:
            VideoError: The source cannot be read, or not again after all tries.
            UsageError: An option that such a source does not take.
        """
        if is_live(str(source)) and not exists(source):
            yield from live_events(self, str(source), reading)
            return
        with open_video(source, **file_options(reading)) as video:
            run = RunState(self.event_config, zones=self.zones, view=self.view)
            for _, events in self._found(video, run):
                yield from events

    def _found(self, video: Video, run: RunState) -> Iterator[tuple[Window | None, list[Event]]]:
        """Yield every window with the events that it makes final, and those at the end."""
        run.info = video.info
        rate, short_side = self.scorer.sample_fps, self.scorer.short_side
        if self.transform is None:
            frames = video.frames(rate, short_side)
        else:
            frames = self.transform(video.frames(None, short_side))
            frames = frames if rate is None else frames_on_grid(frames, rate)
        finder = EventFinder(self.event_config, self.scorer.label)

        def placed(events: list[Event]) -> list[Event]:
            report, started = video.report, video.info.started
            return [event.placed(report.pieces, started, report.joins) for event in events]

        for part in split_at_gaps(frames):
            segment = Segment(part, run)
            for window in marked_windows(self.scorer, segment):
                yield window, placed(finder.push(window))
            for _ in segment:  # a scorer need not take all of it
                pass
        last = finder.finish()
        if finder.unconfirmed:
            many = "1 event is" if finder.unconfirmed == 1 else f"{finder.unconfirmed} events are"
            video.report.warn(
                f"{many} not told: the video ends before it is known whether the "
                f"person stays down for {self.event_config.confirm_down:g} s (confirm_down)"
            )
        yield None, placed(last)


def detect(
    source: Source,
    *,
    model: str | PathLike[str] = "default",
    device: str = "auto",
    events: Mapping[str, float | None] | None = None,
    sensitivity: str = BALANCED,
    exact: bool = False,
    engine: str = "auto",
    view: View = "level",
    on_progress: Progress | None = None,
    on_event: OnEvent | None = None,
    **reading: Unpack[VideoOptions],
) -> DetectionResult:
    """Find the events of one video.

    The model is loaded anew by every call: for many videos make one ``Detector`` and keep it.

    Args:
        source: A file.
        model: As for ``Detector.load``, like the options up to ``view``.
        device: See ``model``.
        events: See ``model``.
        sensitivity: See ``model``.
        exact: See ``model``.
        engine: See ``model``.
        view: See ``model``.
        on_progress: As for ``Detector.detect``, like ``on_event`` and the options of ``reading``.
        on_event: See ``on_progress``.
        **reading: As for ``open_video``: stream, frame_rate, max_pixels, max_duration, pieces,
            time_from_name.

    Raises:
        SlipdetectError: As ``Detector.load`` and ``Detector.detect`` raise.
    """
    detector = Detector.load(model, device, events, sensitivity, exact, engine, view)
    return detector.detect(source, on_progress=on_progress, on_event=on_event, **reading)
