"""Settings as dataclass fields: help, unit, limits and choices in one place.

In: a field's facts. Out: the field; checked values. Options and tables come from the same facts.
"""

from __future__ import annotations

import inspect
import sys
from dataclasses import Field, field, fields
from typing import Any, TypeVar

from slipdetect.errors import UsageError

T = TypeVar("T")


def setting(
    default: Any,
    help: str,
    unit: str = "",
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a dataclass field whose metadata is the one place for what is known about it."""
    facts = {"help": help, "unit": unit, "least": least, "most": most, "choices": choices}
    return field(default=default, metadata=facts)


def check_settings(settings: Any) -> None:
    """Check every field of a dataclass of settings as ``check_setting`` does."""
    for item in fields(settings):
        check_setting(item, getattr(settings, item.name))


def check_setting(item: Field[Any], value: Any) -> None:
    """Check one value against the limits and choices of its field.

    Raises:
        UsageError: Naming the field, its limit and the value.
    """
    choices = item.metadata["choices"]
    if choices and value not in choices:
        raise UsageError(f"{item.name} must be one of {', '.join(choices)}, not {value!r}")
    name, least, most = item.name, item.metadata["least"], item.metadata["most"]
    for number in value if isinstance(value, tuple) else (value,):
        if number is None or (least is None and most is None):
            continue
        if not isinstance(number, int | float):
            raise UsageError(f"{name} must be a number, not {number!r}")
        finite = abs(number) <= sys.float_info.max  # an integer may be too large for a float
        if least is not None and not (finite and number >= least):
            raise UsageError(f"{name} must be at least {least:g}, not {number}")
        if most is not None and not (finite and number <= most):
            raise UsageError(f"{name} must be at most {most:g}, not {number}")


def with_documented_fields(settings: type[T]) -> type[T]:
    """Add to the docstring of a dataclass of settings what each field means."""
    lines = []
    for item in fields(settings):  # type: ignore[arg-type]
        unit = f" ({item.metadata['unit']})" if item.metadata["unit"] else ""
        lines.append(f"    {item.name}{unit}: {item.metadata['help']}")
    summary = inspect.getdoc(settings)
    settings.__doc__ = "\n".join([f"{summary}\n", "Attributes:", *lines])
    return settings
