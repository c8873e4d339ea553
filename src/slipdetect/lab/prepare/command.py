"""``slipdetect prepare``: from videos as they come to data sets that train and evaluate take.

In: folders, lists and videos. Out: a CSV, other list files, trimmed or resized videos, a report.
"""

from __future__ import annotations

import click

from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import common_options

_IMPORTS = ("hmdb51", "ucf101", "folder", "seed", "frames", "intervals", "lists")
_TOOLS = ("trim", "resize", "dedup", "check")


@click.group(
    cls=LazyGroup,
    lazy={
        **{name: f"slipdetect.cli.prepare_{name}:{name}" for name in _IMPORTS},
        **{name: f"slipdetect.cli.prepare_{name}:{name}" for name in _TOOLS},
    },
)
@common_options
def prepare() -> None:
    """Make data sets: import annotations, trim and resize videos, check splits for leaks."""
