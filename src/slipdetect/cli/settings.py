"""Where the value of an option comes from: option, environment, file or default, in this order.

In: click's context. Out: defaults from a ``--config`` file, and the origin of a value in words.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slipdetect.cli.settings_file import SettingsFile, options_of

_FILE = "slipdetect.cli.settings"


def take_file(ctx: click.Context, option: click.Parameter, value: Path | None) -> None:
    """Let a file set the defaults of the command; the callback of ``--config``.

    Raises:
        SettingsError: The file or the table of the command cannot be used.
    """
    if ctx.resilient_parsing:
        return
    _name_variables(ctx)
    by_hand = ctx.get_parameter_source("config") is ParameterSource.COMMANDLINE
    if value is not None and (by_hand or _FILE not in ctx.meta):
        ctx.meta[_FILE] = SettingsFile.read(value)
    use_file(ctx)


def use_file(ctx: click.Context) -> None:
    """Set the defaults of a command by the file in force, if there is one."""
    settings: SettingsFile | None = ctx.meta.get(_FILE)
    if settings is None:
        return
    root, names = ctx.find_root(), command_words(ctx)
    ctx.default_map = settings.defaults(ctx, names)
    if names:
        # a file named behind the verb speaks of what stands before it too
        for name, value in settings.defaults(root, ()).items():
            if root.get_parameter_source(name) is ParameterSource.DEFAULT:
                ctx.default_map.setdefault(name, value)


def command_words(ctx: click.Context) -> tuple[str, ...]:
    """Return the words that call the command of ``ctx``, without the program's own."""
    words: list[str] = []
    while ctx.parent is not None:
        words.insert(0, ctx.info_name or "")
        ctx = ctx.parent
    return tuple(words)


def origin(ctx: click.Context, option: click.Parameter, source: ParameterSource | None) -> str:
    """Return where a value comes from: ``option``, a variable, ``FILE:LINE`` or ``default``."""
    if source is ParameterSource.COMMANDLINE:
        return "option"
    if source is ParameterSource.ENVIRONMENT:
        return next((name for name in variables(ctx, option) if os.environ.get(name)), "")
    settings: SettingsFile | None = ctx.meta.get(_FILE)
    if source is not ParameterSource.DEFAULT_MAP or settings is None:
        return "default"
    for names in (command_words(ctx), ()):
        if key := settings.key(names, option):
            return settings.place(names, key)
    return settings.place(())


def variables(ctx: click.Context, option: click.Parameter) -> list[str]:
    """Return the environment variables that set an option, the first one first."""
    given: Any = option.envvar
    names = [given] if isinstance(given, str) else list(given or ())
    if ctx.auto_envvar_prefix is not None and option.name:
        names.append(f"{ctx.auto_envvar_prefix}_{option.name.upper()}")
    return names


def with_origin(error: click.BadParameter) -> click.BadParameter:
    """Return an error of a value that says who has set it, unless that was on the command line."""
    ctx, option = error.ctx, error.param
    if ctx is None or option is None or option.name is None:
        return error
    source = ctx.get_parameter_source(option.name)
    if source not in (ParameterSource.ENVIRONMENT, ParameterSource.DEFAULT_MAP):
        return error
    message = f"{error.message.rstrip('.')} (set by {origin(ctx, option, source)})."
    return click.BadParameter(message, ctx, option, error.param_hint)


def _name_variables(ctx: click.Context) -> None:
    """Name the variables of options as the options are called, not as click calls them."""
    for key, option in options_of(ctx.command).items():
        own = key.replace("-", "_").upper()
        if option.envvar is None and option.name is not None and option.name.upper() != own:
            option.envvar = f"{ctx.auto_envvar_prefix}_{own}"
