"""Numbers of a flow method, declared with their ranges and checked against them.

In: dataclass fields with ranges. Out: plain Python numbers, or an error that names the field.
"""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

import numpy as np

from slipdetect.errors import UsageError


def number(default: float, low: float, high: float, meaning: str) -> Any:
    """Return a dataclass field of ``low..high``; whole numbers only where ``default`` is one."""
    return field(default=default, metadata={"low": low, "high": high, "help": meaning})


def settle_numbers(parameters: Any, title: str) -> None:
    """Check every ``number`` of a frozen dataclass and make it a plain one, fit for JSON.

    Raises:
        UsageError: A value is no number or out of range; the message begins with ``title``.
    """
    for item in fields(parameters):
        if "low" not in item.metadata:
            continue
        value = getattr(parameters, item.name)
        whole = isinstance(item.default, int)
        low, high = item.metadata["low"], item.metadata["high"]
        kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            kind = "a whole number" if whole else "a number"
            raise UsageError(f"{title} {item.name} is {kind} {low:g}..{high:g}, not {value!r}")
        object.__setattr__(parameters, item.name, int(value) if whole else float(value))
