"""Dataclasses as plain JSON data and back, so that results survive the process that made them."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def plain(value: Any) -> Any:
    """Return what ``json`` writes: dataclasses as tables, tuples as lists, numbers as Python's."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.item() if hasattr(value, "item") else value


def built(kind: Any, data: Any) -> Any:
    """Return what ``plain`` was given.

    Args:
        kind: Its type: a dataclass, or a type that fields of one have here.
        data: What ``plain`` returned.

    Raises:
        TypeError: It is of another type.
        KeyError: A field is missing.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: built(each, data[name]) for name, each in _hints(kind).items()})
    if origin in (Union, UnionType):
        (real,) = [part for part in parts if part is not type(None)]
        return None if data is None else built(real, data)
    if origin is tuple:
        each = [parts[0]] * len(data) if parts[1:] == (...,) else list(parts)
        return tuple(built(one, item) for one, item in zip(each, data, strict=True))
    if origin is list:
        return [built(parts[0], item) for item in data]
    if origin is dict:
        return {key: built(parts[1], item) for key, item in data.items()}
    return data


@cache
def _hints(kind: type) -> dict[str, Any]:
    known = get_type_hints(kind)
    return {item.name: known[item.name] for item in fields(kind)}
