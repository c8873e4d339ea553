"""Events and windows as JSON; ``slipdetect/reports/detect.schema.json`` is the schema.

In: an ``Event``, a ``Window``. Out: plain data, and a line of JSON, ASCII only.
"""

from __future__ import annotations

import json
from typing import Any

from slipdetect.types.events import Event, Window

VERSION = 1


def event_data(event: Event) -> dict[str, Any]:
    """Return the object of one event; times are seconds rounded to 1e-6."""
    data: dict[str, Any] = {
        "start": rounded(event.start),
        "end": rounded(event.end),
        "peak": rounded(event.peak),
        "score": rounded(event.score),
        "label": event.label,
    }
    if event.interrupted:
        data["interrupted"] = True
    return data


def window_data(window: Window) -> dict[str, Any]:
    """Return the object of one window; times are seconds rounded to 1e-6."""
    data: dict[str, Any] = {
        "start": rounded(window.start),
        "end": rounded(window.end),
        "probability": rounded(window.probability),
    }
    if window.streams:
        data["streams"] = {name: rounded(value) for name, value in window.streams.items()}
    if window.corrupt:
        data["corrupt"] = True
    return data


def json_text(data: dict[str, Any]) -> str:
    """Return ``data`` as JSON in one line.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    # ASCII reaches its reader unharmed through any locale and any pipe
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def rounded(value: float) -> float:
    """Return ``value`` rounded to 1e-6, and never -0.0."""
    return round(float(value), 6) + 0.0  # adding 0.0 turns -0.0 into 0.0
