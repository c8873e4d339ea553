"""A result as JSON, version 1; ``slipdetect/reports/detect.schema.json`` is its schema.

In: a ``DetectionResult``. Out: plain data, and a line of JSON, ASCII only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name

if TYPE_CHECKING:
    from slipdetect.detection.results import DetectionResult, Event, Window

VERSION = 1


def report_data(result: DetectionResult, *, windows: bool = False) -> dict[str, Any]:
    """Return the object behind the JSON; times are seconds rounded to 1e-6.

    Args:
        result: What was found.
        windows: Add the probability of every window.
    """
    data: dict[str, Any] = {
        "version": VERSION,
        "source": _source(result),
        "model": {
            "name": result.model,
            "weights_sha256": dict(result.weights),
            "modalities": list(result.weights),
        },
        "events": [event_data(event) for event in result.events],
    }
    if windows:
        data["windows"] = [_window(window) for window in result.windows]
    return data


def event_data(event: Event) -> dict[str, Any]:
    """Return the object of one event; times are seconds rounded to 1e-6."""
    data: dict[str, Any] = {
        "start": _number(event.start),
        "end": _number(event.end),
        "peak": _number(event.peak),
        "score": _number(event.score),
        "label": event.label,
    }
    if event.interrupted:
        data["interrupted"] = True
    return data


def json_text(data: dict[str, Any]) -> str:
    """Return ``data`` as JSON in one line.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    # ASCII reaches its reader unharmed through any locale and any pipe
    return json.dumps(data, ensure_ascii=True, allow_nan=False)


def _source(result: DetectionResult) -> dict[str, Any]:
    info, report = result.info, result.report
    return {
        "name": plain_name(result.source),
        "duration": _number(result.duration),
        "fps_nominal": None if info.frame_rate is None else _number(info.frame_rate),
        "width": info.width,
        "height": info.height,
        "frames_read": report.frames,
        "decode_failures": report.failures,
        "truncated": report.truncated,
        "padded": result.padded,
        "warnings": list(report.warnings),
    }


def _window(window: Window) -> dict[str, Any]:
    data: dict[str, Any] = {
        "start": _number(window.start),
        "end": _number(window.end),
        "probability": _number(window.probability),
    }
    if window.streams:
        data["streams"] = {name: _number(value) for name, value in window.streams.items()}
    if window.corrupt:
        data["corrupt"] = True
    return data


def _number(value: float) -> float:
    return round(float(value), 6) + 0.0  # adding 0.0 turns -0.0 into 0.0
