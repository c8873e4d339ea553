"""The parameters of TV-L1 flow, shared by every implementation of it.

In: numbers. Out: a validated, frozen set of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from slipdetect.errors import UsageError


def _real(default: float, low: float, high: float, meaning: str) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "help": meaning})


@dataclass(frozen=True)
class TvL1Parameters:
    """OpenCV's parameters with OpenCV's defaults; ranges and meanings are in the metadata."""

    tau: float = _real(0.25, 1e-6, 1.0, "time step of the numerical scheme")
    lambda_: float = _real(0.15, 1e-6, 1e3, "weight of the data term; smaller is smoother")
    theta: float = _real(0.3, 1e-6, 1e3, "tightness between the data and the smoothness part")
    nscales: int = _real(5, 1, 32, "pyramid levels; cut down where a side falls below 16 px")
    warps: int = _real(5, 1, 1000, "warpings per level")
    epsilon: float = _real(0.01, 0.0, 1e3, "stopping threshold")
    inner_iterations: int = _real(30, 1, 10000, "iterations between outlier filterings")
    outer_iterations: int = _real(10, 1, 10000, "outlier filterings per warping")
    scale_step: float = _real(0.8, 0.05, 0.99, "size ratio of neighbouring levels")
    gamma: float = _real(0.0, 0.0, 1e3, "weight of illumination change; 0 leaves it out")
    median_filtering: int = _real(5, 1, 5, "median filter side, px: 1 (none), 3 or 5")
    use_initial_flow: bool = False

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if item.name == "use_initial_flow":
                if not isinstance(value, bool):
                    raise UsageError(f"TV-L1 use_initial_flow is true or false, not {value!r}")
                continue
            whole = isinstance(item.default, int)
            low, high = item.metadata["low"], item.metadata["high"]
            kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
            if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
                number = "a whole number" if whole else "a number"
                raise UsageError(f"TV-L1 {item.name} is {number} {low:g}..{high:g}, not {value!r}")
            # plain numbers, so that a recipe can be written as JSON
            object.__setattr__(self, item.name, int(value) if whole else float(value))
        if self.median_filtering not in (1, 3, 5):
            raise UsageError(f"TV-L1 median_filtering is 1, 3 or 5, not {self.median_filtering}")
