"""The settings of ``detect`` and ``watch``: each field is an option, with its heading and help.

In: what click has parsed. Out: ``DetectSettings``, and ``CommonSettings``, which both have.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, get_args

import click

from slipdetect.cli.camera_file import read_zones
from slipdetect.cli.completion import FILE_NAME, FOLDER_NAME, MODEL_NAME
from slipdetect.cli.pieces import expand_joined
from slipdetect.cli.sources import Job, expand
from slipdetect.cli.typed_options import (
    POSITIVE,
    Number,
    flag,
    headed,
    number,
    options_of,
    seconds,
)
from slipdetect.cli.worker_options import MANY, ResumableSettings
from slipdetect.errors import UsageError
from slipdetect.sinks.alert import TIMEOUT
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.registry import FORMATS
from slipdetect.sinks.sink import Setup
from slipdetect.types.events import MOST_CONFIRM
from slipdetect.types.person import PrivacyMode

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.people.privacy import Privacy
    from slipdetect.store import VideoStore
    from slipdetect.types import View
    from slipdetect.video import VideoOptions

logger = logging.getLogger(__name__)

_probability = partial(headed, metavar="P", type=Number(0.0, 1.0))

# as in models/config.py and detection/engines, which a page of help must not load
SENSITIVITIES = ("low", "balanced", "high")
ENGINES = ("auto", "torch", "onnx", "openvino")
VIEWS = ("level", "above")


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Which model finds events, and how exactly."""

    model: str = headed(
        "Model", "Model package, or 'default'.", "FOLDER", default="default", type=MODEL_NAME
    )
    sensitivity: str = headed(
        "Model",
        "low: fewer false events; balanced; high: finds more.",
        "NAME",
        default="balanced",
        type=click.Choice(SENSITIVITIES),
    )
    device: str = headed("Model", "auto, cpu, cuda, cuda:1 or mps.", "NAME", default="auto")
    engine: str = headed(
        "Model",
        "auto, torch, onnx or openvino.",
        "NAME",
        default="auto",
        type=click.Choice(ENGINES),
        more=True,
    )
    exact: bool = flag(
        "Model",
        "Compute every snippet, in float32: slower, the same everywhere.",
        more=True,
    )


@dataclass(frozen=True, kw_only=True)
class EventSettings:
    """What of ``EventConfig`` is not the model's own."""

    onset: float | None = _probability("Events", "Probability at which an event begins.")
    offset: float | None = _probability("Events", "Probability below which it ends.")
    min_duration: float | None = seconds("Events", "Drop shorter events.")
    min_gap: float | None = seconds("Events", "Join events with a shorter gap.", more=True)
    pad: float | None = seconds("Events", "Lengthen events at both ends.", more=True)


@dataclass(frozen=True, kw_only=True)
class CommonSettings(EventSettings, ModelSettings):
    """What ``detect`` and ``watch`` both take; None stands for what was not given.

    Attributes:
        targets: What was given to the options of sinks, by option: ``{"--html": "page.html"}``.
    """

    targets: Mapping[str, str]
    format: str | None
    overwrite: bool = flag("Output", "Replace files that exist.")
    clip_margin: float | None = seconds(
        "Output", f"Before and after the event in a clip.  [default: {MARGIN:g}]", more=True
    )
    privacy: PrivacyMode | None = headed(
        "Output",
        "Show no people in what has pictures: blur, silhouette or skeleton.",
        "MODE",
        type=click.Choice(get_args(PrivacyMode)),
    )
    fail_on_event: bool = flag(
        "Output", "Exit with 10 when an event is found; errors first.", more=True
    )
    confirm_down: float | None = seconds(
        "Events",
        "Only those whose person is not seen to get up within so long after the peak; none that a "
        "file ends before.",
        type=Number(0.0, MOST_CONFIRM),
    )
    view: View = headed(
        "Events",
        "level: from the side or slantwise; above: straight down, how people move decides alone.",
        "NAME",
        default="level",
        type=click.Choice(VIEWS),
        more=True,
    )
    zones: str | None = headed(
        "Events",
        "Leave out beds and sofas: zones of the picture, by where people are (docs/zones.md).",
        "FILE",
        type=FILE_NAME,
        more=True,
    )
    windows: bool = False
    cooldown: float | None = seconds(
        "Alerts",
        "No other alert of a source for so much of its time after one.  [default: 0]",
        more=True,
    )
    alert_timeout: float | None = seconds(
        "Alerts",
        f"For one run of CMD, or one request.  [default: {TIMEOUT:g}]",
        type=POSITIVE,
        more=True,
    )
    stream: int | None = number("Reading", "Which video stream, from 0.", more=True)
    max_pixels: int | None = number(
        "Reading", "Refuse larger frames.  [default: 64000000]", type=click.IntRange(1), more=True
    )
    max_duration: float | None = seconds(
        "Reading", "Stop after so much video.", type=POSITIVE, more=True
    )
    frame_rate: float | None = headed(
        "Reading",
        "Ignore timestamps: frames come at this rate, 1/s.",
        "FPS",
        type=POSITIVE,
        more=True,
    )

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the settings that click's parameters mean; those of sinks have no field."""
        names = {field.name for field in fields(cls)}
        targets = {
            f"--{name.replace('_', '-')}": value
            for name, value in given.items()
            if name not in names and value is not None
        }
        return cls(targets=targets, **{name: given[name] for name in names & set(given)})

    def setup(self, sources: Sequence[str], readable: Sequence[str] = ()) -> Setup:
        """Return what sinks are made from.

        Raises:
            ModelError: What hides people cannot be loaded.
        """
        return Setup(
            sources=sources,
            readable=readable,
            targets=self.targets,
            overwrite=self.overwrite,
            windows=self.windows,
            model=self.model,
            clip_margin=self.clip_margin,
            cooldown=self.cooldown,
            alert_timeout=self.alert_timeout,
            privacy=self._privacy(),
        )

    def _privacy(self) -> Privacy | None:
        if self.privacy is None:
            return None
        from slipdetect.people.privacy import Privacy

        return Privacy(self.privacy)

    def load_detector(self) -> Detector:
        """Load the model.

        Raises:
            DataError: The file of zones is wrong; the message has its line.
        """
        from slipdetect.detection import Detector

        zones = None if self.zones is None else read_zones(Path(self.zones))
        detector = Detector.load(
            self.model,
            self.device,
            {**event_settings(vars(self)), "confirm_down": self.confirm_down},
            sensitivity=self.sensitivity,
            exact=self.exact,
            engine=self.engine,
            view=self.view,
        )
        if zones is not None:
            detector.zones = zones
        logger.info("model %s by %s on %s", detector.config.name, detector.engine, detector.device)
        return detector


@dataclass(frozen=True, kw_only=True)
class DetectSettings(CommonSettings, ResumableSettings):
    """What ``detect`` takes.

    Attributes:
        pieces: Files of each recording that is in several, by its name; see ``recordings``.
    """

    pieces: Mapping[str, Sequence[str]] | None = None
    sources: tuple[str, ...]
    format: str | None = headed(
        "Output",
        f"{', '.join(FORMATS)}.  [default: by the suffix of --out, json in a folder, else table]",
        "NAME",
        type=click.Choice(list(FORMATS)),
    )
    out: str | None = headed(
        "Output", "A file, or a folder/ for one per video.", "PATH", type=FILE_NAME
    )
    windows: bool = flag("Output", "Add the probability of every window (table, json).", more=True)
    profile: bool = flag(
        "Output", "Print at the end where the time went, the speed and the memory.", more=True
    )
    strict: bool = flag("Reading", "A truncated video fails instead of warning.", more=True)
    join: bool = flag(MANY, "Files that follow one another are one recording.")
    order: str | None = headed(
        MANY,
        "Of pieces: name or time (last change).  [default: name]",
        "NAME",
        type=click.Choice(("name", "time")),
        more=True,
    )
    time_from_name: str | None = headed(
        "Reading",
        "Time of day that names of files have, such as '%Y%m%d-%H%M%S'.",
        "PATTERN",
        more=True,
    )
    store: str | None = headed(
        "Reading",
        "Folder of slipdetect extract to take a model's flow from.",
        "DIR",
        type=FOLDER_NAME,
        more=True,
    )

    def recordings(self) -> tuple[list[Job], Self]:
        """Return a job for each recording, and the settings that know the files of each.

        Raises:
            UsageError: Pieces and what knows only files are asked for, their order without them,
                or a pattern that makes no sense.
        """
        if self.time_from_name is not None:
            from slipdetect.video.named_time import name_pattern

            name_pattern(self.time_from_name)
        if not self.join:
            if self.order is not None:
                raise UsageError("--order is that of pieces; give --join too, or leave it out")
            return expand(self.sources), self
        for name, given in (("--store", self.store), ("--resume", self.resume)):
            if given is not None:
                raise UsageError(f"{name} knows files and not their pieces; leave it or --join out")
        jobs, pieces = expand_joined(self.sources, self.order or "name")
        return jobs, replace(self, pieces=pieces)

    def facts(self) -> dict[str, Any]:
        """Return what results depend on besides the model, as plain data, for ``--resume``."""
        return {
            "exact": self.exact,
            "engine": self.engine,
            "store": self.store,
            "reading": self.reading(),
        }

    def reading(self) -> VideoOptions:
        """Return how videos are opened."""
        found: VideoOptions = {
            "stream": self.stream,
            "frame_rate": self.frame_rate,
            "max_duration": self.max_duration,
        }
        if self.max_pixels is not None:
            found["max_pixels"] = self.max_pixels
        if self.pieces:
            found["pieces"] = self.pieces
        if self.time_from_name is not None:
            found["time_from_name"] = self.time_from_name
        return found

    def opened_store(self) -> VideoStore | None:
        """Return the folder of ``--store``."""
        if self.store is None:
            return None
        from slipdetect.store import VideoStore

        return VideoStore(Path(self.store))

    def check_store(self, detector: Detector) -> None:
        """Tell what is wrong with ``--store``, once, in the process that was started.

        Raises:
            DataError: There is no such folder; those of other machines are not looked for.
        """
        if self.store is not None and detector.config.flow is None:
            logger.warning("model %s needs no flow; --store is not used", detector.config.name)
        if self.on is None:
            self.opened_store()


EVENT_OPTIONS = options_of(EventSettings)

# which settings of ``EventConfig`` an option sets
EVENT_SETTINGS = {
    "onset": ("onset",),
    "offset": ("offset",),
    "min_duration": ("min_duration_on",),
    "min_gap": ("min_duration_off",),
    "pad": ("pad_onset", "pad_offset"),
}


def event_settings(given: Mapping[str, Any]) -> dict[str, float | None]:
    """Return what the options say of ``EventConfig``; None where nothing was said."""
    return {name: given[key] for key, names in EVENT_SETTINGS.items() for name in names}
