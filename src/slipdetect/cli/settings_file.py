"""A TOML file of option values, a table for each command.

In: its path, and the command that runs. Out: defaults for click, and the line of each of them.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import click

# what stands on the command line only
NOT_IN_A_FILE = ("help", "help_all", "version", "config", "show_config")

_HEADER = re.compile(r"\s*\[([^\[\]]+)\]\s*(#.*)?")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")


class SettingsError(click.ClickException):
    """The file cannot be used; the message has the line."""

    exit_code = 2


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options that a file can set, by each of their long names without dashes."""
    return {
        name.removeprefix("--"): option
        for option in command.params
        if isinstance(option, click.Option) and option.name not in NOT_IN_A_FILE
        for name in option.opts
        if name.startswith("--")
    }


class SettingsFile:
    """Values of options from a file.

    Args:
        path: Of the file, for messages.
        text: TOML.

    Raises:
        SettingsError: It is no TOML.
    """

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = _lines(text)
        try:
            self._data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"{str(path)!r} is no TOML: {error}") from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file.

        Raises:
            SettingsError: It cannot be read.
        """
        try:
            return cls(path, path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise SettingsError(
                f"cannot read {str(path)!r}: {error.strerror}; name another --config"
            ) from error
        except UnicodeDecodeError as error:
            raise SettingsError(f"{str(path)!r} is not UTF-8; save it as such") from error

    def place(self, names: Sequence[str], key: str = "") -> str:
        """Return ``FILE:LINE`` of a key of the command ``names``, or FILE where it is not known."""
        line = self._lines.get((*names, key) if key else tuple(names))
        return str(self._path) if line is None else f"{self._path}:{line}"

    def defaults(self, ctx: click.Context, names: Sequence[str]) -> dict[str, Any]:
        """Return what the table of a command sets, by the names that click has for options.

        Args:
            ctx: Of the command.
            names: Words that call it, such as ``("models", "import")``; none for the top.

        Raises:
            SettingsError: A key is unknown, given twice or not of the kind of its option.
        """
        options = options_of(ctx.command)
        group = ctx.command if isinstance(ctx.command, click.Group) else None
        commands = [] if group is None else group.list_commands(ctx)
        found: dict[str, Any] = {}
        for key, value in self._table(names).items():
            where = self.place(names, key)
            if key in commands:
                continue
            option = options.get(key.replace("_", "-"))
            if option is None or option.name is None:
                raise SettingsError(_unknown(where, key, names, [*options, *commands]))
            if option.name in found:
                raise SettingsError(f"{where}: {key!r} sets the same as a key above; leave one out")
            found[option.name] = _typed(option, value, f"{where}: {key!r}")
        return found

    def key(self, names: Sequence[str], option: click.Parameter) -> str:
        """Return the key by which the table of a command sets an option."""
        spelled = {name.removeprefix("--") for name in option.opts}
        return next((key for key in self._table(names) if key.replace("_", "-") in spelled), "")

    def _table(self, names: Sequence[str]) -> dict[str, Any]:
        table: dict[str, Any] = self._data
        for index, name in enumerate(names):
            below = table.get(name, {})
            if not isinstance(below, dict):
                where, header = self.place(names[:index], name), ".".join(names[: index + 1])
                raise SettingsError(f"{where}: {name!r} is a command; write a table [{header}]")
            table = below
        return table


def _unknown(where: str, key: str, names: Sequence[str], known: Iterable[str]) -> str:
    table = f" in [{'.'.join(names)}]" if names else ""
    near = difflib.get_close_matches(key.replace("_", "-"), list(known), n=1)
    command = " ".join(["slipdetect", *names])
    hint = f"did you mean {near[0]!r}?" if near else f"{command} --show-config has all of them"
    return f"{where}: there is no {key!r}{table}; {hint}"


def _typed(option: click.Option, value: Any, what: str) -> Any:
    """Return a value as click takes it: words as if they were typed, so that it checks them."""
    if option.multiple:
        return [_word(option, item, what) for item in (value if _is_list(value) else [value])]
    return _word(option, value, what)


def _word(option: click.Option, value: Any, what: str) -> Any:
    if option.is_flag:
        if not isinstance(value, bool):
            raise SettingsError(f"{what} is true or false, not {value!r}")
        return value
    if option.count:
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise SettingsError(f"{what} is a whole number, at least 0, not {value!r}")
        return value
    if isinstance(value, bool | dict) or _is_list(value):
        kind = "a list" if _is_list(value) else "a table" if isinstance(value, dict) else value
        raise SettingsError(f"{what} is one value, not {str(kind).lower()}")
    return str(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _lines(text: str) -> dict[tuple[str, ...], int]:
    """Return where tables and keys stand, for messages."""
    table: tuple[str, ...] = ()
    found: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            table = _parts(header[1])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
