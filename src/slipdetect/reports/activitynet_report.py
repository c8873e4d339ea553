"""Events as the detections file of ActivityNet, which evaluation code of that field reads.

In: results and the id of each video. Out: pieces of one JSON object, ASCII only.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event

VERSION = "VERSION 1.3"


def activitynet_report(results: Iterable[tuple[str, DetectionResult]]) -> str:
    """Return a whole file of (id, result) pairs; ids must differ."""
    entries = [activitynet_entry(name, result) for name, result in results]
    return activitynet_opening() + ",\n".join(entries) + activitynet_closing()


def activitynet_opening() -> str:
    """Return what comes before the first entry."""
    return f'{{"version": {json.dumps(VERSION)}, "external_data": {{}}, "results": {{\n'


def activitynet_entry(name: str, result: DetectionResult) -> str:
    """Return the entry of a video, without the comma and line feed that part entries.

    Args:
        name: Id of the video, its own in the file.
        result: What was found; nothing found gives an empty list.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    events = [_event(event) for event in result.events]
    return f"{json.dumps(name)}: {json.dumps(events, allow_nan=False)}"


def activitynet_closing() -> str:
    """Return what comes behind the last entry."""
    return "\n}}\n"


def _event(event: Event) -> dict[str, Any]:
    return {
        "label": event.label,
        "score": round(float(event.score), 6),
        "segment": [round(float(event.start), 6), round(float(event.end), 6)],
    }
