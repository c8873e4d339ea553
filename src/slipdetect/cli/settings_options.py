"""The options ``--config`` and ``--show-config``, which every command takes.

In: nothing. Out: ``SETTINGS_OPTIONS``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from slipdetect.cli.settings import take_file, with_origin
from slipdetect.errors import SlipdetectError

_WANTED = "slipdetect.cli.show_config"


class _ShowConfig(click.Option):
    """Prints a page in place of running the command, whatever else the command requires."""

    def handle_parse_result(
        self, ctx: click.Context, opts: Mapping[str, Any], args: list[str]
    ) -> tuple[Any, list[str]]:
        wanted = opts.get("show_config") or ctx.meta.get(_WANTED)
        if not wanted or ctx.resilient_parsing:
            return super().handle_parse_result(ctx, opts, args)
        if isinstance(ctx.command, click.Group) and args:
            ctx.meta[_WANTED] = True
            return super().handle_parse_result(ctx, opts, args)
        config = next(each for each in ctx.command.params if each.name == "config")
        config.handle_parse_result(ctx, opts, args)
        ctx.exit(_print_page(ctx, opts))


def _print_page(ctx: click.Context, opts: Mapping[str, Any]) -> int:
    """Print the page and return the exit code."""
    from slipdetect.cli.console import Console
    from slipdetect.cli.errors import report
    from slipdetect.cli.settings_page import settings_page

    console = ctx.ensure_object(Console)
    try:
        console.data(settings_page(ctx, opts))
    except click.BadParameter as error:
        raise with_origin(error) from error
    except (OSError, SlipdetectError) as error:
        # options are read outside of where the errors of commands are caught
        return report(error, console)
    return 0


SETTINGS_OPTIONS = (
    click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        metavar="FILE",
        envvar="SLIPDETECT_CONFIG",
        allow_from_autoenv=False,
        is_eager=True,
        expose_value=False,
        callback=take_file,
        help="Take options that are not given from a TOML file.",
    ),
    click.option(
        "--show-config",
        cls=_ShowConfig,
        is_flag=True,
        allow_from_autoenv=False,
        is_eager=True,
        expose_value=False,
        help="Print every option, its value and its origin, and stop.",
    ),
)
