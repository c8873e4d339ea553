"""Checks shared by the vocabulary and the configuration classes of a model package.

In: values of unknown type, from code or from JSON. Out: nothing, or an error naming the field.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from slipdetect.errors import PackageError, UsageError


def number(
    name: str, value: object, low: float = -math.inf, high: float = math.inf, *, above: bool = False
) -> None:
    """Insist on a finite number in [low, high], or in (low, high] with ``above``."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # an integer may be too large for a float
        finite = abs(value) <= sys.float_info.max
        if finite and low <= value <= high and not (above and value == low):
            return
    bounds = "" if low == -math.inf else f" {'above' if above else 'of at least'} {low:g}"
    bounds += "" if high == math.inf else f" and at most {high:g}"
    raise UsageError(f"{name} must be a finite number{bounds}, not {value!r}")


def file_name(name: str, value: object, suffix: str) -> None:
    """Insist on a plain file name, which cannot lead out of a folder, with an ending."""
    # a name from a downloaded file may be meant for either kind of system
    plain = isinstance(value, str) and (
        PurePosixPath(value).name == PureWindowsPath(value).name == value and "\0" not in value
    )
    if not plain or not str(value).endswith(suffix):
        raise UsageError(f"{name} must be a plain name ending in {suffix}, not {value!r}")


def digest(name: str, value: object) -> None:
    """Insist on a sha256 in hexadecimal digits."""
    if not (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)):
        raise UsageError(f"{name} must be 64 hexadecimal digits, not {value!r}")


def integer(name: str, value: object, low: int = 1) -> None:
    """Insist on an integer of at least ``low``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise UsageError(f"{name} must be an integer of at least {low}, not {value!r}")


def text(name: str, value: object, choices: Iterable[str] = ()) -> None:
    """Insist on a non-empty string, one of ``choices`` when there are any."""
    allowed = tuple(choices)
    if not isinstance(value, str) or not value or (allowed and value not in allowed):
        wanted = f"one of {', '.join(allowed)}" if allowed else "a non-empty text"
        raise UsageError(f"{name} must be {wanted}, not {value!r}")


def mapping(
    name: str, value: object, keys: Iterable[str] | None = None, optional: Collection[str] = ()
) -> dict[str, Any]:
    """Return a mapping with text keys: exactly ``keys``, of which some may lack; None: any."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise UsageError(f"{name} must be a table with text keys, not {value!r}")
    wanted = tuple(value if keys is None else keys)
    missing = [key for key in wanted if key not in value and key not in optional]
    unknown = [key for key in value if key not in wanted]
    if missing or unknown:
        problem = f"misses {missing[0]!r}" if missing else f"has the unknown key {unknown[0]!r}"
        raise UsageError(f"{name} {problem}; it holds {', '.join(wanted)}")
    return dict(value)


def finite_tree(name: str, value: Any) -> None:
    """Insist that ``value`` is plain JSON data without NaN or infinity, at any depth."""
    if isinstance(value, Mapping):
        mapping(name, value)
        for key, item in value.items():
            finite_tree(f"{name}.{key}", item)
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            finite_tree(f"{name}[{index}]", item)
    elif isinstance(value, float):
        number(name, value)
    elif value is not None and not isinstance(value, (str, int)):
        raise UsageError(f"{name} must be plain JSON data, not {type(value).__name__}")


def exact_fields(
    kind: Any, data: object, where: str, optional: Collection[str] = ()
) -> dict[str, Any]:
    """Return JSON object ``data``, whose keys must be the fields of dataclass ``kind``.

    Raises:
        PackageError: Naming the first missing or unknown key.
    """
    if not isinstance(data, Mapping):
        raise PackageError(f"{where} must be a JSON object, not {type(data).__name__}")
    wanted = [item.name for item in fields(kind)]
    for key in wanted:
        if key not in data and key not in optional:
            raise PackageError(f"{where} misses the key {key!r}; the model package is incomplete")
    for key in data:
        if key not in wanted:
            raise PackageError(
                f"{where} has the unknown key {key!r}; remove it or upgrade slipdetect"
            )
    return dict(data)
