"""The options of ``slipdetect detect`` that tell somebody of events.

In: nothing. Out: ``ALERT_OPTIONS``, and the settings behind those that were not given.
"""

from __future__ import annotations

import click

from slipdetect.sinks.clips import MARGIN

TIMEOUT = 10.0

_SECONDS = click.FloatRange(min=0.0)

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
    click.option(
        "--cooldown",
        type=_SECONDS,
        help="After an alert no other of that video for so many seconds of it.  [default: 0]",
    ),
    click.option(
        "--alert-timeout",
        type=click.FloatRange(min=0.0, min_open=True),
        help=f"Seconds a CMD, or one request, may take.  [default: {TIMEOUT:g}]",
    ),
    click.option(
        "--clips",
        metavar="DIR",
        help="Write a clip (.mp4) of every event; those that meet share. Live: from the "
        "last 64 MiB of pictures.",
    ),
    click.option(
        "--clip-margin",
        type=_SECONDS,
        help=f"Seconds shown before and behind the event.  [default: {MARGIN:g}]",
    ),
)
