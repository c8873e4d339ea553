"""``slipdetect prepare``: from videos as they come to data sets that train and evaluate take.

In: folders, lists and videos. Out: a CSV, other list files, trimmed or resized videos, a report.
"""

from __future__ import annotations

import click

from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import common_options
from slipdetect.lab.prepare.importers import IMPORTERS, import_command, load_importer

_COMMANDS = {
    "course2020": "slipdetect.lab.course2020.prepare_command:course2020",
    "export-lists": "slipdetect.lab.prepare.export_lists:export_lists",
    **{
        name: f"slipdetect.lab.prepare.reencode_commands:{name}"
        for name in ("frames", "trim", "resize", "dedup")
    },
    "check": "slipdetect.lab.check.command:check",
}


class _Prepare(LazyGroup):
    """The commands of ``prepare``: one per importer, and those that are no importers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, importers first."""
        return [*IMPORTERS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make or import a command, or return None when there is none of this name."""
        if cmd_name in IMPORTERS:
            return import_command(cmd_name, load_importer(cmd_name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Prepare, lazy=_COMMANDS)
@common_options
def prepare() -> None:
    """Make data sets: import, trim, resize, check."""
