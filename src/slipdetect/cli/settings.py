"""Values of options from a TOML file: ``--config FILE`` or ``SLIPDETECT_CONFIG``.

An option on the command line goes before its environment variable, that before the file.

In: a file with a table for each command. Out: defaults for click, and errors that name file and
key. An option on the command line goes before its environment variable, that before the file.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slipdetect._io import read_text
from slipdetect.cli.console import Console
from slipdetect.errors import DataError

_FILE = "slipdetect.cli.settings"
_NOT_IN_A_FILE = ("help", "help_all", "version", "config")  # on the command line only


class SettingsError(click.ClickException):
    """The file cannot be used."""

    exit_code = 2


def _take_file(ctx: click.Context, option: click.Parameter, value: Path | None) -> None:
    """Let a file set the defaults of the command."""
    if ctx.resilient_parsing:
        return
    _name_variables(ctx)
    _warn_of_variables(ctx)
    by_hand = ctx.get_parameter_source("config") is ParameterSource.COMMANDLINE
    if value is not None and (by_hand or _FILE not in ctx.meta):
        ctx.meta[_FILE] = value, _read(value)
    if _FILE not in ctx.meta:
        return
    root, words = ctx.find_root(), words_of(ctx)
    ctx.default_map = _defaults(ctx, words)
    if words:
        # a file named behind the verb speaks of what stands before it too
        for name, given in _defaults(root, ()).items():
            if root.get_parameter_source(name) is ParameterSource.DEFAULT:
                ctx.default_map.setdefault(name, given)


config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    envvar="SLIPDETECT_CONFIG",
    allow_from_autoenv=False,
    is_eager=True,
    expose_value=False,
    callback=_take_file,
    help="Take options that are not given from a TOML file.",
)


def with_origin(error: click.BadParameter) -> click.BadParameter:
    """Return an error of a value that says who has set it, unless that was on the command line."""
    ctx, option = error.ctx, error.param
    if ctx is None or option is None or option.name is None:
        return error
    source = ctx.get_parameter_source(option.name)
    if source is ParameterSource.ENVIRONMENT:
        origin = next((name for name in _variables(ctx, option) if os.environ.get(name)), "")
    elif source is ParameterSource.DEFAULT_MAP and _FILE in ctx.meta:
        origin = str(ctx.meta[_FILE][0])
    else:
        return error
    message = f"{error.message.rstrip('.')} (set by {origin})."
    return click.BadParameter(message, ctx, option, error.param_hint)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except DataError as error:
        raise SettingsError(f"{error}, or name another --config") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{str(path)!r} is not valid TOML: {error}") from error


def _defaults(ctx: click.Context, words: Sequence[str]) -> dict[str, Any]:
    """Return what the table of the command ``words`` sets, by the names click has for options."""
    path, table = ctx.meta[_FILE]
    for word in words:
        table = table.get(word, {})
        if not isinstance(table, dict):
            header = ".".join(words)
            raise SettingsError(f"{path}: {word!r} is a command; write a table [{header}]")
    options = _options(ctx.command)
    group = ctx.command if isinstance(ctx.command, click.Group) else None
    commands = [] if group is None else group.list_commands(ctx)
    found: dict[str, Any] = {}
    for key, value in table.items():
        name = key.replace("_", "-")
        where = f"{path}: {key!r}" + (f" in [{'.'.join(words)}]" if words else "")
        if key in commands:
            continue
        if name not in options:
            near = difflib.get_close_matches(name, [*options, *commands], n=1)
            command = " ".join(["slipdetect", *words])
            hint = f"{command} --help lists all options"
            if group is not None:
                hint += "; those of a command stand below its name, as in [detect]"
            hint = f"did you mean {near[0]!r}?" if near else hint
            raise SettingsError(f"{where} is not known; {hint}")
        option = options[name]
        if option.name in found:
            raise SettingsError(f"{where} sets the same as a key above; leave one out")
        found[str(option.name)] = _typed(option, value, where)
    return found


def _typed(option: click.Option, value: Any, where: str) -> Any:
    """Return a value as if it had been typed, so that click checks it."""
    if isinstance(value, dict) and option.type.name == "NAME=VALUE":
        value = list(_pairs(value))
    values = value if option.multiple and isinstance(value, list) else [value]
    wanted = (
        "true or false" if option.is_flag else "a whole number" if option.count else "one value"
    )
    kind: Any = bool if option.is_flag else int if option.count else str | int | float
    for each in values:
        if not isinstance(each, kind) or isinstance(each, bool) is not option.is_flag:
            raise SettingsError(f"{where} is {wanted}, not {each!r}")
    typed = values if option.is_flag or option.count else [str(each) for each in values]
    return typed if option.multiple else typed[0]


def _pairs(table: dict[str, Any]) -> Iterator[str]:
    """Yield a table such as [train.set] as it would be typed; lists of numbers have commas."""
    for name, value in table.items():
        if isinstance(value, list) and not any(isinstance(each, str) for each in value):
            value = ",".join(map(str, value))
        for each in value if isinstance(value, list) else [value]:
            yield f"{name}={each}"


def _options(command: click.Command) -> dict[str, click.Option]:
    """Return the options that a file can set, by each of their long names without dashes."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in _NOT_IN_A_FILE
        for name in option.opts
        if name.startswith("--")
    }


def words_of(ctx: click.Context) -> tuple[str, ...]:
    """Return the words that call the command of ``ctx``, without the program's own."""
    return () if ctx.parent is None else (*words_of(ctx.parent), ctx.info_name or "")


def _variables(ctx: click.Context, option: click.Parameter) -> list[str]:
    """Return the environment variables that set an option, the first one first."""
    given: Any = option.envvar
    names = [given] if isinstance(given, str) else list(given or ())
    return [*names, f"{ctx.auto_envvar_prefix}_{str(option.name).upper()}"]


def _name_variables(ctx: click.Context) -> None:
    """Name the variables of options as the options are called, not as click calls them."""
    for key, option in _options(ctx.command).items():
        own = key.replace("-", "_").upper()
        if option.envvar is None and option.name is not None and option.name.upper() != own:
            option.envvar = f"{ctx.auto_envvar_prefix}_{own}"


def _warn_of_variables(ctx: click.Context) -> None:
    """Warn of variables that are named after the command and set none of its options."""
    if isinstance(ctx.command, click.Group):
        return
    options = [option for option in ctx.command.params if isinstance(option, click.Option)]
    known = {name for option in options for name in _variables(ctx, option)}
    prefix = f"{ctx.auto_envvar_prefix}_"
    for name in sorted(os.environ):
        if name.startswith(prefix) and name not in known:
            ends = [each.removeprefix(prefix) for each in known if each.startswith(prefix)]
            near = difflib.get_close_matches(name.removeprefix(prefix), ends, n=1)
            meant = f"did you mean {prefix}{near[0]}?" if near else "no option is called so"
            ctx.ensure_object(Console).warn(f"the variable {name} sets nothing; {meant}")
