"""The options of ``detect`` and ``watch``, by the headings of their help pages, and their values.

In: what click has parsed. Out: ``DetectSettings``, the values of ``detect`` with their types.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

from slipdetect.cli.grouped import Decorator, section
from slipdetect.sinks.alert import TIMEOUT
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.registry import FORMATS, SINKS
from slipdetect.sinks.sink import Sink, SinkSettings

if TYPE_CHECKING:
    from slipdetect.detection import Detector
    from slipdetect.store import VideoStore
    from slipdetect.video import VideoOptions

logger = logging.getLogger(__name__)

PROBABILITY = click.FloatRange(0.0, 1.0)
SECONDS = click.FloatRange(min=0.0)
SOME_SECONDS = click.FloatRange(min=0.0, min_open=True)

OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace files that exist.")
FAIL_ON_EVENT = click.option(
    "--fail-on-event", is_flag=True, help="Exit with 10 when an event is found; errors first."
)
CLIP_MARGIN = click.option(
    "--clip-margin",
    type=SECONDS,
    metavar="SECONDS",
    help=f"Before and after the event in a clip.  [default: {MARGIN:g}]",
)

# as in models/config.py, which a page of help must not load
SENSITIVITIES = ("low", "balanced", "high")

MODEL_OPTIONS = (
    click.option(
        "--model",
        default="default",
        show_default=True,
        metavar="FOLDER",
        help="Model package; 'default' is the bundled one.",
    ),
    click.option(
        "--sensitivity",
        type=click.Choice(SENSITIVITIES),
        default="balanced",
        show_default=True,
        metavar="NAME",
        help=f"{', '.join(SENSITIVITIES)}: low has fewer false events, high finds more.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="NAME",
        help="auto, cpu, cuda, cuda:1 or mps.",
    ),
)

EXACT = click.option(
    "--exact",
    is_flag=True,
    help="Compute every snippet and in float32: slower, the same on every machine.",
)

EVENT_OPTIONS = (
    click.option("--onset", type=PROBABILITY, metavar="P", help="Where an event begins."),
    click.option("--offset", type=PROBABILITY, metavar="P", help="Below which it ends."),
    click.option("--min-duration", type=SECONDS, metavar="SECONDS", help="Drop shorter events."),
    click.option(
        "--min-gap", type=SECONDS, metavar="SECONDS", help="Join events with a shorter gap."
    ),
    click.option("--pad", type=SECONDS, metavar="SECONDS", help="Lengthen events at both ends."),
)

# which settings of ``EventConfig`` an option sets
EVENT_SETTINGS = {
    "onset": ("onset",),
    "offset": ("offset",),
    "min_duration": ("min_duration_on",),
    "min_gap": ("min_duration_off",),
    "pad": ("pad_onset", "pad_offset"),
}

FURTHER_ALERT_OPTIONS = (
    click.option(
        "--cooldown",
        type=SECONDS,
        metavar="SECONDS",
        help="No other alert of a source for so much of its time after one.  [default: 0]",
    ),
    click.option(
        "--alert-timeout",
        type=SOME_SECONDS,
        metavar="SECONDS",
        help=f"For one run of CMD, or one request.  [default: {TIMEOUT:g}]",
    ),
)

STREAM = click.option(
    "--stream", type=click.IntRange(min=0), metavar="N", help="Which video stream, from 0."
)
MAX_PIXELS = click.option(
    "--max-pixels",
    type=click.IntRange(min=1),
    metavar="N",
    help="Refuse larger frames.  [default: 64000000]",
)


def sink_options(kinds: Iterable[type[Sink]], heading: str) -> list[Decorator]:
    """Return the options of the sinks that stand under a heading."""
    return [
        click.option(kind.option, metavar=kind.metavar, help=kind.help)
        for kind in kinds
        if kind.option and kind.section == heading
    ]


def detect_options(kinds: Sequence[type[Sink]]) -> tuple[Decorator, ...]:
    """Return the options of ``detect`` with those of ``kinds``, the sinks that it has."""
    return (
        section(
            "Output",
            click.option(
                "--format",
                type=click.Choice(list(FORMATS)),
                metavar="NAME",
                help=f"{', '.join(FORMATS)}.  [default: by the suffix of --out, json in a "
                "folder, else table]",
            ),
            click.option("--out", metavar="PATH", help="A file, or a folder/ for one per video."),
            *sink_options(kinds, "Output"),
            OVERWRITE,
        ),
        section("Model", *MODEL_OPTIONS),
        section("Events (instead of the model's thresholds)", *EVENT_OPTIONS),
        section("Alerts", *sink_options(kinds, "Alerts")),
        section(
            "Output",
            CLIP_MARGIN,
            click.option(
                "--windows", is_flag=True, help="Add the probability of every window (table, json)."
            ),
            FAIL_ON_EVENT,
            click.option(
                "--profile",
                is_flag=True,
                help="Print at the end where the time went, the speed and the memory.",
            ),
            more=True,
        ),
        section("Alerts", *FURTHER_ALERT_OPTIONS, more=True),
        section(
            "Reading",
            STREAM,
            click.option(
                "--frame-rate",
                type=SOME_SECONDS,
                metavar="FPS",
                help="Ignore timestamps: frames come at this rate, 1/s.",
            ),
            MAX_PIXELS,
            click.option(
                "--max-duration",
                type=SOME_SECONDS,
                metavar="SECONDS",
                help="Process no more than this of a video.",
            ),
            click.option(
                "--strict", is_flag=True, help="A truncated video fails instead of warning."
            ),
            more=True,
        ),
    )


DETECT_OPTIONS = (
    *detect_options(SINKS),
    section("Model", EXACT, more=True),
    section(
        "Reading",
        click.option(
            "--store",
            metavar="DIR",
            help="Folder of slipdetect extract to take a model's flow from.",
        ),
        more=True,
    ),
)


@dataclass(frozen=True, kw_only=True)
class CommonSettings(SinkSettings):
    """What ``detect`` and ``watch`` both take; None stands for what was not given."""

    format: str | None
    fail_on_event: bool
    sensitivity: str
    device: str
    exact: bool
    onset: float | None
    offset: float | None
    min_duration: float | None
    min_gap: float | None
    pad: float | None
    stream: int | None
    max_pixels: int | None
    max_duration: float | None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """Return the settings that click's parameters mean; those of sinks have no field."""
        names = {field.name for field in fields(cls)}
        known = {name: value for name, value in options.items() if name in names}
        targets = {
            f"--{name.replace('_', '-')}": value
            for name, value in options.items()
            if name not in names and value is not None
        }
        return cls(targets=targets, **known)


@dataclass(frozen=True, kw_only=True)
class DetectSettings(CommonSettings):
    """What ``detect`` takes."""

    sources: tuple[str, ...]
    out: str | None
    profile: bool
    frame_rate: float | None
    strict: bool
    store: str | None

    def reading(self) -> VideoOptions:
        """Return how videos are opened."""
        found: VideoOptions = {"stream": self.stream, "frame_rate": self.frame_rate}
        if self.max_pixels is not None:
            found["max_pixels"] = self.max_pixels
        if self.max_duration is not None:
            found["max_duration"] = self.max_duration
        return found

    def opened_store(self, detector: Detector) -> VideoStore | None:
        """Return the folder of ``--store``; a model that needs no flow is warned of."""
        if self.store is None:
            return None
        from slipdetect.store import VideoStore

        if all(stream.flow is None for stream in detector.config.streams):
            logger.warning("model %s needs no flow; --store is not used", detector.config.name)
        return VideoStore(Path(self.store))


def load_detector(settings: CommonSettings) -> Detector:
    """Load the model that the options name."""
    from slipdetect.detection import Detector

    detector = Detector.load(
        settings.model,
        settings.device,
        event_settings(vars(settings)),
        sensitivity=settings.sensitivity,
        exact=settings.exact,
    )
    logger.info("model %s on %s", detector.config.name, detector.device)
    return detector


def event_settings(options: Mapping[str, Any]) -> dict[str, float | None]:
    """Return what the options say of ``EventConfig``; None where nothing was said."""
    return {name: options[key] for key, names in EVENT_SETTINGS.items() for name in names}
