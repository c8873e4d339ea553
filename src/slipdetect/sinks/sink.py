"""What takes the results of a run, and what it is made from.

In: what ``detect`` or ``watch`` was asked for. Out: ``Sink``, which every sink extends, and
``PerVideoSink`` for those that write a file for every video.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from slipdetect._io import check_writable, output_files
from slipdetect._text import iso_time, plain_name
from slipdetect.errors import SlipdetectError, UsageError
from slipdetect.sinks.names import file_stems
from slipdetect.types import Event
from slipdetect.types.export import event_data

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector, EventConfig
    from slipdetect.detection.cameras import Cameras
    from slipdetect.detection.live import LiveEvent, LiveSummary
    from slipdetect.people.privacy import Privacy
    from slipdetect.video import View
    from slipdetect.video.live.live_video import Keep

_ALERT_VERSION = 2  # 1 told of new events only


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What the sinks of a run are made from; None stands for what was not given.

    Attributes:
        sources: All that will be processed, in order.
        readable: Those of them that have no error already.
        targets: What was given to the options of sinks, by option: ``{"--html": "page.html"}``.
        overwrite: Files that exist may be replaced.
        windows: Report the probability of every window too, where a format can.
        model: Folder of the model, or ``default``.
        clip_margin: Seconds before and after an event in its clip.
        cooldown: Seconds after an alert without another one.
        alert_timeout: Seconds that one alert may take.
        mqtt_hold: Seconds that the sensor of a camera stays on after the last news of an event.
        page_token_env: The variable with the token that the page of a live run demands.
        privacy: Hides people in all pictures that are written.
        sinks: Those made so far; a later one may use what an earlier one writes.
    """

    sources: Sequence[str]
    readable: Sequence[str] = ()
    targets: Mapping[str, str] = field(default_factory=dict)
    overwrite: bool = False
    windows: bool = False
    model: str = "default"
    clip_margin: float | None = None
    cooldown: float | None = None
    alert_timeout: float | None = None
    mqtt_hold: float | None = None
    page_token_env: str | None = None
    privacy: Privacy | None = None
    sinks: list[Sink] = field(default_factory=list)


@dataclass(frozen=True)
class Alert:
    """An event as soon as it is final, or what became of its person, as sinks get it.

    Attributes:
        source: Name of the video as it was given.
        model: Name of the model package.
        event: What was found.
        type: ``event``, ``still_down`` or ``up_again``.
        of: The ``id`` of the event's own alert, for the other two types.
        created: When it was known, ISO 8601 in UTC.
        id: 32 hex digits, the same however often delivery is tried.
    """

    source: str
    model: str
    event: Event
    type: str = "event"
    of: str | None = None
    created: str = field(default_factory=lambda: iso_time(datetime.now(UTC)))
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def name(self) -> str:
        """The source's name without what an address may hold, such as a password."""
        return plain_name(self.source)

    def to_json(self) -> str:
        """Return the alert as one line of ASCII JSON, ending in a line feed."""
        data = {
            "version": _ALERT_VERSION,
            "type": self.type,
            "id": self.id,
            **({} if self.of is None else {"of": self.of}),
            "created": self.created,
            "source": {"name": self.name},
            "model": {"name": self.model},
            "event": event_data(self.event),
        }
        return json.dumps(data, ensure_ascii=True, allow_nan=False) + "\n"


class Sink:
    """Takes what a run finds: results of files in the order of the sources, or live events.

    A method that a sink has no use for stays as it is here. What goes wrong with all that follows,
    such as a full disk, is raised; what goes wrong with one video is added to ``missing``. A run
    is a ``with`` block of its sinks; ``close`` is called only when it came to its end.

    Attributes:
        option: The option that asks for the sink, where it has one of its own.
        metavar: What the option takes.
        completed: What a shell completes it as; None where it is no path.
        help: Its line in ``--help``.
        heading: What its option stands under in ``--help``.
        suffixes: Of the files that it writes.
        settings: Fields of ``Setup`` that mean something to such sinks only.
        for_files: ``detect`` has it.
        for_live: ``watch`` has it.
        sees_frames: It is asked for ``views`` first, and given the result when these were shown.
        targets: Files that it will write, which no other sink may take.
        written: Files that are there now.
        missing: What could not be made of results.
        remarks: What else the user should be told.
    """

    option: ClassVar[str] = ""
    metavar: ClassVar[str] = "PATH"
    completed: ClassVar[Literal["file", "dir"] | None] = "file"
    help: ClassVar[str] = ""
    heading: ClassVar[str] = "Output"
    suffixes: ClassVar[Sequence[str]] = ()
    settings: ClassVar[Sequence[str]] = ()
    for_files: ClassVar[bool] = True
    for_live: ClassVar[bool] = False
    sees_frames: ClassVar[bool] = False

    def __init__(self, targets: Sequence[Path] = ()) -> None:
        self.targets = targets
        self.written: list[Path] = []
        self.missing: list[SlipdetectError] = []
        self.remarks: list[str] = []
        self.detector: Detector | None = None

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        """Return the sink that the value of its option asks for, checked before any work.

        Raises:
            UsageError: The value makes no sense.
            OutputError: A file exists or cannot be written.
        """
        raise NotImplementedError(f"{cls.__name__} has no option")

    def open(self, detector: Detector | None) -> None:
        """Begin.

        Args:
            detector: The model in use; None where no source can be read.
        """
        self.detector = detector

    def watching(self, cameras: Cameras) -> None:
        """Take the live sources of the run, to ask how they are doing."""

    def event(self, alert: Alert) -> None:
        """Take an event as soon as it is final; detection waits meanwhile."""

    def aftermath(self, alert: Alert) -> None:
        """Take what became of the person of an event that was given before."""

    def keep(self, source: str) -> Keep | None:
        """Return what takes every decoded frame of a live source, as for ``LiveVideo``."""
        return None

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        """Take what happens to a live source or in it, events among it."""

    def summary(self, source: str, summary: LiveSummary, ended: str) -> None:
        """Take how the run of a live source went and why it ended."""

    def views(self, result: DetectionResult) -> Sequence[View]:
        """Return what wants frames of the video; all sinks share one pass over it."""
        return ()

    def result(self, result: DetectionResult) -> None:
        """Take what was found in a video."""

    def failure(self, source: str, error: str) -> None:
        """Take why there is no result of a source."""

    def close(self) -> None:
        """End what was written; also where the user stopped the run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Let go of what is still going on, whatever has ended the run."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Alerts so far by what became of them; empty where it sends none."""
        return {}

    @property
    def events(self) -> EventConfig:
        """The thresholds in force."""
        if self.detector is None:
            raise RuntimeError("a result without a detector")
        return self.detector.event_config


class PerVideoSink(Sink):
    """A file for each video that has a result.

    Args:
        targets: The file of each source, in the order in which they come.
        overwrite: Replace files that exist.

    Attributes:
        noun: What such a file is.
        ending: Of the files in a folder, after the stem of the video; its suffix is that of a
            file named for a single video.
    """

    noun: ClassVar[str]
    ending: ClassVar[str]

    def __init__(self, targets: Sequence[Path], *, overwrite: bool) -> None:
        super().__init__(targets)
        self.overwrite = overwrite
        self.left = iter(targets)

    @classmethod
    def make(cls, given: str, setup: Setup) -> Self:
        return cls(cls.files(given, setup), overwrite=setup.overwrite)

    @classmethod
    def files(cls, given: str, setup: Setup) -> list[Path]:
        """Return the file of each source.

        Args:
            given: The option's value: a file for one video, or a folder.
            setup: What the run was asked for.

        Raises:
            UsageError: It has another suffix, or is one file for several videos.
            OutputError: A file exists or cannot be written.
        """
        target, sources, suffix = Path(given), setup.sources, Path(cls.ending).suffix
        if is_folder(given, cls.option) or not target.suffix:
            names = [stem + cls.ending for stem in file_stems(sources)]
            return output_files(target, names, overwrite=setup.overwrite)
        if target.suffix.lower() != suffix:
            raise UsageError(
                f"{cls.option} {given!r} is neither a {suffix} nor a folder; name one of them"
            )
        if len(sources) > 1:
            raise UsageError(
                f"{cls.option} {given!r} is one {cls.noun}, and here are {len(sources)} videos; "
                f"pass {cls.option} FOLDER/ for a {cls.noun} each"
            )
        check_writable(target, overwrite=setup.overwrite)
        return [target]

    def failure(self, source: str, error: str) -> None:
        """Write nothing: an empty file would look as if nothing had been found."""
        next(self.left)


def is_folder(given: str, option: str) -> bool:
    """Return whether a path names a folder: one that is there, or by the slash after it.

    Raises:
        UsageError: It is empty.
    """
    if not given:
        raise UsageError(f"{option} is empty; give a file or a folder")
    return given.endswith(("/", os.sep)) or os.path.isdir(given)  # noqa: PTH112 - takes any name
