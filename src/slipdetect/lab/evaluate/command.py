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


class _Tests(LazyGroup):
    """The group, which says what it has where a model stands in a command's place."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.UsageError(
                f"{error.message.rstrip('.')}; whole clips are tested by 'slipdetect evaluate "
                "clips MODEL DATA.csv', events by 'slipdetect evaluate events MODEL DATA.csv'.",
                ctx,
            ) from None


@click.group(cls=_Tests, lazy=_COMMANDS)
@common_options
def evaluate() -> None:
    """Measure a model on annotated clips.

    Whole clips, or the events in them; every figure has an interval.
    """
