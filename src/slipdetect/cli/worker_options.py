"""The options of commands that look at many videos: how many at a time, and where.

In: nothing. Out: fields for dataclasses of settings, made once for all these commands.
"""

from __future__ import annotations

from typing import Any

import click

from slipdetect.cli.typed_options import option

JOBS_HELP = "Videos at a time, a process each.  [default: 1; with --on one a CPU of all machines]"
ON_HELP = "Where: ray, or ray://HOST:PORT of a cluster.  [default: this machine]"
RESUME_HELP = "Keep in FILE (.jsonl) what is done, and do the rest if it is there already."


def jobs_option(heading: str = "") -> Any:
    """Return the field of how many videos at a time."""
    return option(heading=heading, metavar="N", type=click.IntRange(min=1), help=JOBS_HELP)


def on_option(heading: str = "") -> Any:
    """Return the field of where they are looked at."""
    return option(heading=heading, metavar="WHERE", help=ON_HELP)


def resume_option(heading: str = "") -> Any:
    """Return the field of what an earlier run has done."""
    return option(
        heading=heading, metavar="FILE", type=click.Path(dir_okay=False), help=RESUME_HELP
    )
