"""A dataclass of settings as texts and tables give it: names, kinds and values of its fields.

In: names and values from the command line or TOML. Out: what the dataclass takes, or an error.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, get_args, get_origin, get_type_hints

from slipdetect._settings import check_setting
from slipdetect.errors import UsageError

KINDS = {int: "a whole number", float: "a number", str: "a text"}


@dataclass(frozen=True)
class Fields:
    """The fields of a dataclass of settings."""

    made: type[Any]  # the dataclass
    command: str  # what lists its settings
    modalities: tuple[str, ...]  # streams that are trained by it
    # titles and base classes whose fields stand together on pages
    parts: tuple[tuple[str, type[Any]], ...] = ()
    rest: str = "Run"  # title of all other fields

    @cached_property
    def by_name(self) -> dict[str, Any]:
        """The fields, in order."""
        return {item.name: item for item in fields(self.made)}

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.made)

    @property
    def titled(self) -> list[tuple[str, list[str]]]:
        """The names of the fields by title."""
        found = [(title, [item.name for item in fields(part)]) for title, part in self.parts]
        taken = {name for _, names in found for name in names}
        return [*found, (self.rest, [name for name in self.by_name if name not in taken])]

    def kinds_of(self, name: str) -> tuple[list[type], bool]:
        """Return the types that a setting takes, or its parts, and whether it is a list of them."""
        hint = self._hints[name]
        is_list = get_origin(hint) is tuple
        return ([get_args(hint)[0]] if is_list else list(get_args(hint)) or [hint]), is_list

    def find(self, name: str) -> str:
        """Return the name of a setting, written with hyphens or underscores.

        Raises:
            UsageError: There is no such setting.
        """
        key = name.strip().replace("-", "_")
        if key in self.by_name:
            return key
        near = difflib.get_close_matches(key, self.by_name, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"{self.command} --settings lists all"
        raise UsageError(f"there is no setting {name!r}; {hint}")

    def parse(self, name: str, text: str) -> Any:
        """Return the value of a setting from text: lists with commas, ``none`` where allowed.

        Raises:
            UsageError: It is of another kind, or beyond the limits.
        """
        kinds, is_list = self.kinds_of(name)
        if text == "none" and type(None) in kinds:
            return None
        # the options of a backbone may hold commas themselves
        parts = [text] if kinds == [str] or not is_list else text.split(",")
        read = [_from_text(kinds, part.strip()) for part in parts]
        value = self.take(name, read if is_list else read[0])
        check_setting(self.by_name[name], value)
        return value

    def take(self, name: str, value: Any) -> Any:
        """Return a value as TOML has it as the field holds it.

        Raises:
            UsageError: It is of another kind.
        """
        kinds, is_list = self.kinds_of(name)
        if is_list == isinstance(value, list):
            parts = [_of_kind(kinds, part) for part in (value if is_list else [value])]
            if None not in parts:
                return tuple(parts) if is_list else parts[0]
        words = " or ".join(KINDS[kind] for kind in kinds if kind in KINDS)
        wanted = f"a list of which each is {words}" if is_list else words
        raise UsageError(f"{name} must be {wanted}, not {value!r}")


def _from_text(kinds: Sequence[type], text: str) -> Any:
    for kind in (int, float):
        if kind in kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def _of_kind(kinds: Sequence[type], value: Any) -> Any:
    """Return the value as one of these types, or None; TOML tells 1 from 1.0 and from true."""
    if type(value) in kinds:
        return value
    return float(value) if type(value) is int and float in kinds else None
