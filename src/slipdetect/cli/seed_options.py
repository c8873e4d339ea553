"""The options of ``slipdetect detect`` that repeat the seed report's programs.

In: nothing. Out: ``SEED_OPTIONS``.
"""

from __future__ import annotations

import click

# as in detection/seed_windows.py, which a page of help must not load
PRESETS = ("seed", "seed-v1", "seed-v0")

SEED_OPTIONS = (
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
