"""The parameters of TV-L1 flow, shared by every implementation of it.

In: numbers. Out: a validated, frozen set of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
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


@dataclass(frozen=True)
class TvL1Parameters:
    """OpenCV's parameters with OpenCV's defaults; ranges and meanings are in the metadata."""

    tau: float = number(0.25, 1e-6, 1.0, "time step of the numerical scheme")
    lambda_: float = number(0.15, 1e-6, 1e3, "weight of the data term; smaller is smoother")
    theta: float = number(0.3, 1e-6, 1e3, "tightness between the data and the smoothness part")
    nscales: int = number(5, 1, 32, "pyramid levels; cut down where a side falls below 16 px")
    warps: int = number(5, 1, 1000, "warpings per level")
    epsilon: float = number(0.01, 0.0, 1e3, "stopping threshold")
    inner_iterations: int = number(30, 1, 10000, "iterations between outlier filterings")
    outer_iterations: int = number(10, 1, 10000, "outlier filterings per warping")
    scale_step: float = number(0.8, 0.05, 0.99, "size ratio of neighboring levels")
    gamma: float = number(0.0, 0.0, 1e3, "weight of illumination change; 0 leaves it out")
    median_filtering: int = number(5, 1, 5, "median filter side, px: 1 (none), 3 or 5")
    use_initial_flow: bool = False

    def __post_init__(self) -> None:
        settle_numbers(self, "TV-L1")
        if not isinstance(self.use_initial_flow, bool):
            raise UsageError(
                f"TV-L1 use_initial_flow is true or false, not {self.use_initial_flow!r}"
            )
        if self.median_filtering not in (1, 3, 5):
            raise UsageError(f"TV-L1 median_filtering is 1, 3 or 5, not {self.median_filtering}")
