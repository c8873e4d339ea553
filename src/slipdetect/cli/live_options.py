"""The options of ``slipdetect detect`` for live sources.

In: nothing. Out: ``LIVE_OPTIONS``, and which other options live sources take.
"""

from __future__ import annotations

import click

_SECONDS = click.FloatRange(min=0.0, min_open=True)

LIVE_OPTIONS = (
    click.option(
        "--source-env", metavar="NAME", help="Take an address from this environment variable."
    ),
    click.option(
        "--source-file",
        metavar="FILE",
        help="Take an address from this file; other users see command lines.",
    ),
    click.option(
        "--follow",
        is_flag=True,
        help="SOURCE is a file that is still being written; it ends when nothing is added for "
        "--stall seconds.",
    ),
    click.option(
        "--retries",
        type=click.IntRange(min=0),
        help="Live: tries in a row to connect again before giving up.  [default: 10]",
    ),
    click.option(
        "--stall",
        type=_SECONDS,
        help="Live: seconds without data after which a connection is given up.  [default: 3]",
    ),
    click.option(
        "--max-lag",
        type=_SECONDS,
        help="Live: most seconds of video that may wait; beyond them the newest frame wins.  "
        "[default: 5]",
    ),
)

# which of them ``LiveSettings`` takes by the same name, with two of reading
LIVE_SETTINGS = ("retries", "stall", "max_lag", "stream", "max_pixels", "max_duration")

# what a live source takes beside LIVE_OPTIONS; the rest is about whole files
TAKEN = (
    *("sources", "format", "model", "device", "exact", "sensitivity", "fail_on_event", "overwrite"),
    *("onset", "offset", "min_duration", "min_gap", "pad"),
    *("on_event", "webhook", "cooldown", "alert_timeout", "clips", "clip_margin"),
    *("stream", "max_pixels", "max_duration"),
)
LIVE_FORMATS = ("json", "table")
