"""Every option with its value and where that comes from: a table that is valid TOML.

In: a command and what was given to it. Out: text; secrets are masked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slipdetect import __version__
from slipdetect.cli.settings import command_words, origin, use_file
from slipdetect.cli.settings_file import options_of

_MOST = 44  # columns of a value that others are aligned with
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)\S*")
_PROGRAM = "CMD"  # its arguments may hold a password, as an address may


@dataclass(frozen=True)
class _Row:
    """An option: its key, its value as TOML, where it comes from; ``active`` if it is set."""

    key: str
    value: str
    origin: str
    active: bool = True


def settings_page(ctx: click.Context, opts: Mapping[str, Any]) -> str:
    """Return the page of a command, or of all commands of a group.

    Args:
        ctx: Of the command or group.
        opts: What was given on its command line.

    Raises:
        click.BadParameter: A value is none that its option takes.
        SettingsError: The file has a wrong key.
    """
    lines = [f"# slipdetect {__version__}: every option and where its value comes from."]
    lines.append("# Save it, change it, and pass it by --config or SLIPDETECT_CONFIG.")
    if not isinstance(ctx.command, click.Group):
        lines += _table(ctx, list(_rows(ctx, opts, whole=False)))
        return "\n".join(lines) + "\n"
    if ctx.parent is None:
        lines += _table(ctx, list(_rows(ctx, opts, whole=True)))
    for each in _commands(ctx):
        use_file(each)
        lines += _table(each, list(_rows(each, {}, whole=True)))
    return "\n".join(lines) + "\n"


def _commands(ctx: click.Context) -> Iterator[click.Context]:
    """Yield a context for each command below a group."""
    if not isinstance(ctx.command, click.Group):
        yield ctx
        return
    for name in ctx.command.list_commands(ctx):
        command = ctx.command.get_command(ctx, name)
        if command is not None:
            below = command.context_class(
                command, parent=ctx, info_name=name, **command.context_settings
            )
            yield from _commands(below)


def _table(ctx: click.Context, rows: list[_Row]) -> list[str]:
    words = command_words(ctx)
    lines = ["", *([f"[{'.'.join(words)}]"] if words else [])]
    keys = [row.key if row.active else f"# {row.key}" for row in rows]
    width = max(map(len, keys), default=0)
    column = max((len(row.value) for row in rows if len(row.value) <= _MOST), default=0)
    for key, row in zip(keys, rows, strict=True):
        lines.append(f"{key:<{width}} = {row.value:<{column}}  # {row.origin}")
    return lines


def _rows(ctx: click.Context, opts: Mapping[str, Any], *, whole: bool) -> Iterator[_Row]:
    """Yield the options of one command; ``whole`` is a page that has the common ones once."""
    for option in dict.fromkeys(options_of(ctx.command).values()):
        value, source = option.consume_value(ctx, opts)
        common = not option.expose_value and source is ParameterSource.DEFAULT
        if common and ctx.parent is not None:
            if whole:
                continue
            yield _common(ctx.find_root(), option)
            continue
        yield _row(ctx, option, value, source)


def _common(root: click.Context, option: click.Option) -> _Row:
    """Return the row of an option that may stand before the verb, where it was not behind it."""
    value = getattr(root.obj, option.name or "", None)
    source = root.get_parameter_source(option.name or "")
    return _Row(_key(option), _toml(value), origin(root, option, source))


def _row(ctx: click.Context, option: click.Option, value: Any, source: ParameterSource) -> _Row:
    place = origin(ctx, option, source)
    if source is not ParameterSource.DEFAULT:
        ctx.set_parameter_source(option.name or "", source)
        value = _checked(ctx, option, value)
    elif option.is_flag or option.count:
        value = _plain(option, value) or (0 if option.count else False)
    else:
        value = _plain(option, value)
    if value is None or value == []:
        return _Row(_key(option), "", "not set", active=False)
    masked = _masked(option, value)
    if masked != value:
        return _Row(_key(option), _toml(masked), f"{place}; not shown in full", active=False)
    return _Row(_key(option), _toml(value), place)


def _checked(ctx: click.Context, option: click.Option, value: Any) -> Any:
    """Return a given value as it was written, after its option has taken it."""
    try:
        taken = option.type_cast_value(ctx, value)
        if option.expose_value:
            option.process_value(ctx, value)
    except click.BadParameter as error:
        error.ctx, error.param = ctx, option
        raise
    if option.is_flag or option.count:
        return taken
    if option.multiple:
        return [_written(*pair) for pair in zip(value, taken, strict=True)]
    return _written(value, taken)


def _written(value: Any, taken: Any) -> Any:
    number = isinstance(taken, int | float) and not isinstance(taken, bool)
    return taken if number else str(value)


def _plain(option: click.Option, value: Any) -> Any:
    """Return a default as TOML can have it, or None where there is none."""
    if isinstance(value, list | tuple):
        return [_plain(option, item) for item in value]
    if isinstance(value, Path):
        return str(value)
    return value if isinstance(value, bool | int | float | str) else None


def _masked(option: click.Option, value: Any) -> Any:
    """Return a value without what may be a secret: addresses, and arguments of programs."""
    if isinstance(value, list):
        return [_masked(option, item) for item in value]
    if not isinstance(value, str):
        return value
    if option.metavar == _PROGRAM:
        head, _, rest = value.partition(" ")
        value = f"{head} ..." if rest else head
    return _ADDRESS.sub(r"\1...", value)


def _key(option: click.Option) -> str:
    return next(name for name in option.opts if name.startswith("--")).removeprefix("--")


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        # what JSON writes is what TOML reads, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)
