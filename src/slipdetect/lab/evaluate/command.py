"""``slipdetect evaluate``: how good a model is on annotated clips.

In: the name of a test. Out: its command.
"""

from __future__ import annotations

import click

from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import common_options

_COMMANDS = {
    "clips": "slipdetect.lab.evaluate.clips_command:clips",
    "events": "slipdetect.lab.evaluate.events_command:events",
}


@click.group(cls=LazyGroup, lazy=_COMMANDS)
@common_options
def evaluate() -> None:
    """Measure a model on annotated clips, with intervals: whole clips, or events in them."""
