"""``slipdetect prepare``: from videos as they come to data sets that train and evaluate take.

In: folders, lists and videos. Out: a CSV, other list files, trimmed or resized videos, a report.
"""

from __future__ import annotations

import click

from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import common_options

_COMMANDS = {
    name: f"slipdetect.lab.prepare.{name}_command:{name}"
    for name in ("hmdb51", "ucf101", "folder", "frames", "intervals", "lists")
} | {
    "course2020": "slipdetect.lab.course2020.prepare_command:course2020",
    "trim": "slipdetect.lab.prepare.trim_command:trim",
    "resize": "slipdetect.lab.prepare.resize_command:resize",
    "dedup": "slipdetect.lab.prepare.dedup_command:dedup",
    "check": "slipdetect.lab.check.command:check",
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
)
@common_options
def prepare() -> None:
    """Make data sets: import annotations, trim and resize videos, check splits for leaks."""
