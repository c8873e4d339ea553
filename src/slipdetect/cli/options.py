"""Options that every command takes, and bundling options.

In: click options. Out: decorators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import click
from click.core import ParameterSource

from slipdetect.cli.console import Console, running
from slipdetect.cli.settings import config_option
from slipdetect.errors import UsageError

Decorator = Callable[[Any], Any]


class Beside(click.Option):
    """An option that has an effect beside certain others only.

    Args:
        names: As for ``click.Option``.
        beside: Any of these gives it one: ``"cut"`` where that parameter has a value,
            ``"style=ucf"`` where it has this one, ``"no fast"`` where it has none.
        attributes: As for ``click.Option``.
    """

    def __init__(self, names: Sequence[str], *, beside: Sequence[str], **attributes: Any) -> None:
        super().__init__(names, **attributes)
        self.beside = beside

    def lacking(self, ctx: click.Context) -> str:
        """Return what takes the option's effect away, such as ``without --cut``; or nothing."""
        options = {param.name: param.opts[-1] for param in ctx.command.params}
        told = []
        for each in self.beside:
            name, _, wanted = each.removeprefix("no ").partition("=")
            value, absent = ctx.params.get(name), each.startswith("no ")
            there = str(value) == wanted if wanted else value not in (None, False, (), "", 0.0)
            if there is not absent:
                return ""
            told.append((absent, f"{options[name]} {wanted}".rstrip()))
        parts = []
        for word, kind in (("without", False), ("with", True)):
            if named := [text for absent, text in told if absent is kind]:
                parts.append(f"{word} {' or '.join(named)}")
        return " and ".join(parts)


def _refuse_idle(ctx: click.Context) -> None:
    """Refuse options of the command line that have no effect beside the others.

    What the environment or a settings file gives serves other runs too.
    """
    for param in ctx.command.params:
        if isinstance(param, Beside) and param.name is not None:
            source = ctx.get_parameter_source(param.name)
            why = param.lacking(ctx) if source is ParameterSource.COMMANDLINE else ""
            if why:
                raise UsageError(f"{param.opts[-1]} has no effect {why}; leave it out")


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
    running(ctx)
    if value and option.name is not None:
        setattr(console, option.name, value)
        console.apply()


def _common(*names: str, **attributes: Any) -> Decorator:
    return click.option(*names, expose_value=False, callback=_settle, **attributes)


_COMMON = with_options(
    [
        config_option,
        _common("-v", "--verbose", count=True, show_default=False, help="Say more; -vv says all."),
        _common(
            "-q",
            "--quiet",
            is_flag=True,
            help="Say results and errors; no warnings, no bar.",
        ),
        _common("--debug", is_flag=True, help="Show the traceback of an error."),
    ]
)


def common_options(command: Any) -> Any:
    """Add the options that every command takes, and refuse those of it that have no effect."""

    @wraps(command)
    def checked(*args: Any, **given: Any) -> Any:
        _refuse_idle(click.get_current_context())
        return command(*args, **given)

    return _COMMON(checked)
