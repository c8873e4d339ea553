"""What tests of live runs share: a scene with one event, and reading what was told.

In: a time, or JSON lines. Out: a picture; the lines as data.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

EVENT = (0.6, 1.2)


def lamp(moment: float) -> np.ndarray:
    on = EVENT[0] <= moment < EVENT[1]
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def kinds(text: str) -> list[str]:
    return [line["type"] for line in lines(text)]
