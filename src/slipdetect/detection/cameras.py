"""Many live sources in one process: a thread each, one scorer, and one place to hear of all.

In: ``Camera``s, added and removed at any time. Out: what happens to each, in the order in which it
becomes known.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from queue import Empty, SimpleQueue
from typing import Self

from slipdetect.detection.detector import Detector
from slipdetect.detection.live import LiveDetection, LiveEvent, LiveSummary, live_video
from slipdetect.detection.turns import Turns, let_others_first
from slipdetect.types import View
from slipdetect.types.zones import Zones
from slipdetect.video import Frame
from slipdetect.video.live import LiveSettings, LiveSource, LiveVideo
from slipdetect.video.live.live_video import Keep

_STUCK = 10.0  # seconds beyond what may wait


@dataclass(frozen=True)
class Camera:
    """A live source with all that is its own.

    Detectors have thresholds and zones of their own; those of all cameras may share a scorer.
    """

    name: str
    source: LiveSource
    detector: Detector
    settings: LiveSettings


@dataclass(frozen=True)
class Ended:
    """A camera gives nothing more."""

    why: str  # end, max_duration, interrupted or lost
    summary: LiveSummary
    error: Exception | None = None


@dataclass(frozen=True)
class Told:
    """What happened to a camera or in it."""

    camera: str
    what: LiveEvent | Ended
    at: datetime  # when it became known, in UTC


@dataclass(frozen=True)
class CameraState:
    """How a camera is doing."""

    name: str
    state: str  # connecting, live, broken off or ended
    tries: int  # in a row that could not connect
    fps: float  # frames decoded a second, over the last ten seconds
    silent_for: float | None  # seconds since the last frame came; None before the first
    summary: LiveSummary  # since the start
    lag: float  # seconds that the last frame looked at had waited
    windows: Sequence[tuple[float, float]]  # center and probability, of the last minute
    newest: Frame | None  # the last sampled one
    stuck: bool  # frames come, but none has been looked at for longer than they may wait
    onset: float  # probability at which an event begins
    zones: Zones
    view: View

    @property
    def healthy(self) -> bool:
        """Whether frames come and are looked at."""
        return self.state == "live" and not self.stuck


@dataclass
class _Run:
    """One camera's thread."""

    camera: Camera
    video: LiveVideo
    live: LiveDetection
    over: bool = False  # it gives nothing more
    lost: bool = False  # by a failure
    removed: bool = False  # nobody asks for it any more
    successor: Camera | None = None  # takes its place when it is over

    def state(self) -> CameraState:
        """Return how it is doing."""
        video, detector, newest = self.video, self.camera.detector, self.video.newest
        summary = self.live.summary()
        missing = "connecting" if newest is None else "broken off"
        return CameraState(
            name=self.camera.name,
            state="ended" if self.over else "live" if video.connected else missing,
            tries=video.tries,
            fps=video.fps,
            silent_for=video.silent_for,
            summary=summary,
            lag=video.lag,
            windows=tuple(self.live.recent),
            newest=newest,
            stuck=video.unread_for > self.camera.settings.max_lag + _STUCK,
            onset=detector.event_config.onset,
            zones=detector.zones,
            view=detector.view,
        )


class Cameras:
    """Watches any number of cameras; a context manager that ends them all.

    Each has threads of its own, so that one which fails, breaks off or sends nonsense disturbs
    none of the others.

    Args:
        keep: Returns what sees every decoded frame of a camera, by its name, as for ``LiveVideo``.
        sparse: As for ``LiveDetection``.
        turns: Cameras whose frames are looked at at the same time; None: all.
    """

    def __init__(
        self,
        keep: Callable[[str], Keep | None] | None = None,
        sparse: bool = False,
        turns: int | None = None,
    ) -> None:
        self._keep = keep
        self._sparse = sparse
        self._turns = None if turns is None else Turns(turns)
        self._told: SimpleQueue[tuple[_Run, Told] | None] = SimpleQueue()
        self._runs: dict[str, _Run] = {}

    @property
    def names(self) -> list[str]:
        """Of all cameras that are not over."""
        return [name for name, run in self._runs.items() if not run.over]

    @property
    def lost(self) -> list[str]:
        """Of those that a failure has ended."""
        return [name for name, run in self._runs.items() if run.over and run.lost]

    def view(self, name: str) -> View:
        """Return how a camera looks at people, as far as it is known."""
        run = self._runs.get(name)
        return "level" if run is None else run.camera.detector.view

    def add(self, camera: Camera) -> None:
        """Watch a camera from now on; one of the same name ends first."""
        run = self._runs.get(camera.name)
        if run is not None and (not run.over or run.successor is not None):
            run.successor, run.removed = camera, False
            run.live.stop()
            return
        self._start(camera)

    def remove(self, name: str) -> None:
        """End a camera and forget it; what is open is told before its ``Ended``."""
        run = self._runs[name]
        run.successor, run.removed = None, True
        run.live.stop()
        if run.over:
            del self._runs[name]

    def stop(self) -> None:
        """End all of them; ``events`` still gives what is left to tell."""
        for run in self._runs.values():
            run.successor = None
            run.live.stop()
        self.wake()

    def wake(self) -> None:
        """Make ``events`` give None now; a signal handler may call it."""
        self._told.put(None)

    def events(self, every: float = 1.0) -> Iterator[Told | None]:
        """Yield what happens until all cameras are over, and None every ``every`` seconds."""
        while self.names:
            try:
                item = self._told.get(timeout=every)
            except Empty:
                item = None
            if item is None:
                yield None
                continue
            run, told = item
            if isinstance(told.what, Ended):  # noted first: whoever is told may be interrupted
                run.over, run.lost = True, told.what.error is not None
            yield told
            if isinstance(told.what, Ended) and self._runs.get(run.camera.name) is run:
                if run.successor is not None:
                    self._start(run.successor)
                elif run.removed:
                    del self._runs[run.camera.name]

    def states(self) -> list[CameraState]:
        """Return how every camera is doing, those that are over too."""
        return [run.state() for run in list(self._runs.values())]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def _start(self, camera: Camera) -> None:
        detector = camera.detector
        keep = None if self._keep is None else self._keep(camera.name)
        video = live_video(detector.scorer, camera.source, camera.settings, keep)
        run = _Run(camera, video, LiveDetection(detector, video, self._sparse, self._turns))
        self._runs[camera.name] = run
        video.start()  # here, for the thread of detection has less priority
        name = f"slipdetect-{camera.name}"
        threading.Thread(target=self._work, args=(run,), name=name, daemon=True).start()

    def _work(self, run: _Run) -> None:
        let_others_first()
        failure: Exception | None = None
        try:
            with run.video as video:
                for event in run.live.events():
                    self._tell(run, event)
                why = "interrupted" if run.live.stopped else "end"
                why = "max_duration" if video.limited else why
        except Exception as error:  # of this camera; the others go on
            why, failure = "lost", error
            for event in run.live.finish():
                self._tell(run, event)
        self._tell(run, Ended(why, run.live.summary(), failure))

    def _tell(self, run: _Run, what: LiveEvent | Ended) -> None:
        self._told.put((run, Told(run.camera.name, what, datetime.now(UTC))))
