"""The options of ``slipdetect detect``, grouped as they are used.

In: nothing. Out: ``DETECT_OPTIONS``; ``EVENT_OPTIONS`` alone, and what they set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from slipdetect.cli.alert_options import ALERT_OPTIONS
from slipdetect.cli.live_options import LIVE_OPTIONS
from slipdetect.cli.profile_options import PROFILE_OPTIONS
from slipdetect.cli.seed_options import SEED_OPTIONS
from slipdetect.sinks.registry import FORMATS, SINKS

_PROBABILITY = click.FloatRange(0.0, 1.0)
_SECONDS = click.FloatRange(min=0.0)

_OUTPUT = (
    click.option(
        "--format",
        type=click.Choice(list(FORMATS)),
        help="How to write events; vtt and srt are subtitles.  [default: by the suffix of --out, "
        "json in a folder and live, else table]",
    ),
    click.option(
        "--out",
        metavar="PATH",
        help="Write to a file, or into a folder (FOLDER/) a file per video.",
    ),
    click.option("--overwrite", is_flag=True, help="Replace files, and clips, that exist."),
    *(
        click.option(kind.option, metavar=kind.metavar, help=kind.help)
        for kind in SINKS
        if kind.option
    ),
    click.option(
        "--windows", is_flag=True, help="Add the probability of every window (table, json)."
    ),
    click.option(
        "--fail-on-event", is_flag=True, help="Exit with 10 when an event is found; errors first."
    ),
)

_MODEL = (
    click.option(
        "--model",
        default="default",
        show_default=True,
        metavar="FOLDER",
        help="Model package, or 'default' for the bundled one.",
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
    ),
    click.option(
        "--exact",
        is_flag=True,
        help="Compute every snippet, also between sure ones, and in float32: slower, the same on "
        "every machine.",
    ),
)

# as in models/config.py, which a page of help must not load
SENSITIVITIES = ("low", "balanced", "high")

_SENSITIVITY = (
    click.option(
        "--sensitivity",
        type=click.Choice(SENSITIVITIES),
        default="balanced",
        show_default=True,
        help="Thresholds by name: low has fewer false events, high finds more; --onset and "
        "--offset win.",
    ),
)

EVENT_OPTIONS = (
    click.option("--onset", type=_PROBABILITY, help="Probability at which an event begins."),
    click.option("--offset", type=_PROBABILITY, help="Probability below which it ends."),
    click.option("--min-duration", type=_SECONDS, help="Drop shorter events, seconds."),
    click.option("--min-gap", type=_SECONDS, help="Join events with a shorter gap, seconds."),
    click.option("--pad", type=_SECONDS, help="Lengthen events at both ends, seconds."),
)

# which settings of ``EventConfig`` an option sets
EVENT_SETTINGS = {
    "onset": ("onset",),
    "offset": ("offset",),
    "min_duration": ("min_duration_on",),
    "min_gap": ("min_duration_off",),
    "pad": ("pad_onset", "pad_offset"),
}

# options that ``open_video`` takes by the same name
_OPEN_VIDEO = ("stream", "frame_rate", "max_pixels", "max_duration")

_READING = (
    click.option(
        "--stream", type=click.IntRange(min=0), help="Which video stream of a file, from 0."
    ),
    click.option(
        "--frame-rate",
        type=click.FloatRange(min=0.0, min_open=True),
        help="Ignore timestamps: frames come at this rate, 1/s.",
    ),
    click.option(
        "--max-pixels",
        type=click.IntRange(min=1),
        help="Refuse larger frames.  [default: 64000000]",
    ),
    click.option(
        "--max-duration",
        type=click.FloatRange(min=0.0, min_open=True),
        help="Look at no more than this many seconds.",
    ),
    click.option(
        "--store", metavar="DIR", help="Folder of slipdetect extract to take a model's flow from."
    ),
    click.option("--strict", is_flag=True, help="A truncated video fails instead of warning."),
)

DETECT_OPTIONS = (
    *_OUTPUT,
    *_MODEL,
    *_SENSITIVITY,
    *EVENT_OPTIONS,
    *ALERT_OPTIONS,
    *LIVE_OPTIONS,
    *SEED_OPTIONS,
    *_READING,
    *PROFILE_OPTIONS,
)


def event_settings(options: Mapping[str, Any]) -> dict[str, float | None]:
    """Return what the options say of ``EventConfig``; None where nothing was said."""
    return {name: options[key] for key, names in EVENT_SETTINGS.items() for name in names}


def reading_settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the options say of ``open_video``."""
    return {name: options[name] for name in _OPEN_VIDEO if options[name] is not None}
