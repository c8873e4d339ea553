"""Options that every command takes, and bundling options.

In: click options. Out: decorators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from slipdetect.cli.console import COMMAND, Console
from slipdetect.cli.settings import config_option

Decorator = Callable[[Any], Any]


def with_options(options: Iterable[Decorator]) -> Decorator:
    """Return a decorator that adds ``options`` in the order given."""
    bundle = list(options)

    def decorate(command: Any) -> Any:
        for option in reversed(bundle):
            command = option(command)
        return command

    return decorate


def _settle(ctx: click.Context, option: click.Parameter, value: Any) -> None:
    """Put an option that was given on the console; given before or behind the verb is the same."""
    console = ctx.ensure_object(Console)
    ctx.meta[COMMAND] = ctx.command
    if value and option.name is not None:
        setattr(console, option.name, value)
        console.apply()


def _common(*names: str, **attributes: Any) -> Decorator:
    return click.option(*names, expose_value=False, callback=_settle, **attributes)


common_options = with_options(
    [
        config_option,
        _common("-v", "--verbose", count=True, help="Say more; -vv says all."),
        _common(
            "-q", "--quiet", is_flag=True, help="Say only results and errors; no progress bar."
        ),
        _common("--debug", is_flag=True, help="Show the traceback of an error."),
    ]
)
