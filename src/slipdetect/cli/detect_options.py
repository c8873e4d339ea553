"""The options of ``slipdetect detect``, by the headings of its help page.

In: nothing. Out: ``DETECT_OPTIONS``; ``EVENT_OPTIONS`` alone, and what they set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from slipdetect.cli.grouped import section
from slipdetect.cli.live_options import LIVE_OPTIONS
from slipdetect.sinks.clips import MARGIN
from slipdetect.sinks.registry import FORMATS, SINKS

TIMEOUT = 10.0  # of a command or a request, seconds

_PROBABILITY = click.FloatRange(0.0, 1.0)
_SECONDS = click.FloatRange(min=0.0)
_SOME_SECONDS = click.FloatRange(min=0.0, min_open=True)

_OUTPUT = (
    click.option(
        "--format",
        type=click.Choice(list(FORMATS)),
        metavar="NAME",
        help=f"{', '.join(FORMATS)}.  [default: by the suffix of --out, json in a folder, else "
        "table]",
    ),
    click.option("--out", metavar="PATH", help="A file, or a folder/ for a file per video."),
    *(
        click.option(kind.option, metavar=kind.metavar, help=kind.help)
        for kind in SINKS
        if kind.option
    ),
    click.option(
        "--clips", metavar="DIR", help="A clip (.mp4) of every event; overlapping ones are joined."
    ),
    click.option("--overwrite", is_flag=True, help="Replace files that exist."),
)

_FURTHER_OUTPUT = (
    click.option(
        "--windows", is_flag=True, help="Add the probability of every window (table, json)."
    ),
    click.option(
        "--clip-margin",
        type=_SECONDS,
        metavar="SECONDS",
        help=f"Shown before and after the event in a clip.  [default: {MARGIN:g}]",
    ),
    click.option(
        "--fail-on-event", is_flag=True, help="Exit with 10 when an event is found; errors first."
    ),
    click.option(
        "--profile",
        is_flag=True,
        help="Print at the end where the time went, the speed and the memory.",
    ),
)

# as in models/config.py, which a page of help must not load
SENSITIVITIES = ("low", "balanced", "high")

_MODEL = (
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
        help="low has fewer false events, high finds more.",
    ),
    click.option(
        "--device",
        default="auto",
        show_default=True,
        metavar="NAME",
        help="auto, cpu, cuda, cuda:1 or mps.",
    ),
)

_EXACT = click.option(
    "--exact",
    is_flag=True,
    help="Compute every snippet and in float32: slower, the same on every machine.",
)

EVENT_OPTIONS = (
    click.option(
        "--onset",
        type=_PROBABILITY,
        metavar="P",
        help="Probability at which an event begins; wins over --sensitivity.",
    ),
    click.option(
        "--offset", type=_PROBABILITY, metavar="P", help="Probability below which it ends."
    ),
    click.option("--min-duration", type=_SECONDS, metavar="SECONDS", help="Drop shorter events."),
    click.option(
        "--min-gap", type=_SECONDS, metavar="SECONDS", help="Join events with a shorter gap."
    ),
    click.option("--pad", type=_SECONDS, metavar="SECONDS", help="Lengthen events at both ends."),
)

# which settings of ``EventConfig`` an option sets
EVENT_SETTINGS = {
    "onset": ("onset",),
    "offset": ("offset",),
    "min_duration": ("min_duration_on",),
    "min_gap": ("min_duration_off",),
    "pad": ("pad_onset", "pad_offset"),
}

ALERT_OPTIONS = (
    click.option(
        "--on-event",
        metavar="CMD",
        help="Run CMD, without a shell, as soon as an event is final; its JSON is on stdin and "
        "{source} {start} {end} {peak} {score} {label} are filled in.",
    ),
    click.option(
        "--webhook",
        metavar="URL",
        help="Post the same JSON to URL (http, https); better set by SLIPDETECT_DETECT_WEBHOOK "
        "if it holds a secret.",
    ),
)

_FURTHER_ALERTS = (
    click.option(
        "--cooldown",
        type=_SECONDS,
        metavar="SECONDS",
        help="After an alert no other of that video for so many seconds of it.  [default: 0]",
    ),
    click.option(
        "--alert-timeout",
        type=_SOME_SECONDS,
        metavar="SECONDS",
        help=f"A CMD, or one request, may take.  [default: {TIMEOUT:g}]",
    ),
)

# options that ``open_video`` takes by the same name
_OPEN_VIDEO = ("stream", "frame_rate", "max_pixels", "max_duration")

_READING = (
    click.option(
        "--stream",
        type=click.IntRange(min=0),
        metavar="N",
        help="Which video stream of a file, from 0.",
    ),
    click.option(
        "--frame-rate",
        type=_SOME_SECONDS,
        metavar="FPS",
        help="Ignore timestamps: frames come at this rate, 1/s.",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        metavar="N",
        help="Refuse larger frames.  [default: 64000000]",
    ),
    click.option(
        "--max-duration",
        type=_SOME_SECONDS,
        metavar="SECONDS",
        help="Process no more than this of a video.",
    ),
    click.option(
        "--store", metavar="DIR", help="Folder of slipdetect extract to take a model's flow from."
    ),
    click.option("--strict", is_flag=True, help="A truncated video fails instead of warning."),
)

# as in lab/course2020/seed_windows.py, which a page of help must not load
PRESETS = ("seed", "seed-v1", "seed-v0")

_SEED = (
    click.option(
        "--preset",
        type=click.Choice(PRESETS),
        help="Look as one of the seed report's programs did, with a model of RGB and flow: "
        "windows of frames, sampled, averaged and fused as there.",
    ),
    click.option(
        "--time-label",
        metavar="DIR",
        help="Write what that program wrote: {start: probability} and three step plots a video.",
    ),
)

DETECT_OPTIONS = (
    section("Output", *_OUTPUT),
    section("Model", *_MODEL),
    section("Events", *EVENT_OPTIONS),
    section("Alerts", *ALERT_OPTIONS),
    section("Output", *_FURTHER_OUTPUT, more=True),
    section("Model", _EXACT, more=True),
    section("Alerts", *_FURTHER_ALERTS, more=True),
    section("Reading", *_READING, more=True),
    section("Live sources", *LIVE_OPTIONS, more=True),
    section("The 2020 report", *_SEED, more=True),
)


def event_settings(options: Mapping[str, Any]) -> dict[str, float | None]:
    """Return what the options say of ``EventConfig``; None where nothing was said."""
    return {name: options[key] for key, names in EVENT_SETTINGS.items() for name in names}


def reading_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of ``open_video``."""
    return {name: options[name] for name in _OPEN_VIDEO if options[name] is not None}
