"""Results as JSON, version 1: one object a source, one a line.

In: a ``DetectionResult``, or a source and why it failed. Out: a line of JSON, ASCII only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipdetect.reports.names import plain_name
from slipdetect.types.document import VERSION, event_data, json_text

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

__all__ = ["VERSION", "event_data", "json_error", "json_report", "report_data"]


def json_report(result: DetectionResult, *, windows: bool = False) -> str:
    """Return one line of JSON, ending in a line feed.

    Args:
        result: What was found.
        windows: Add the probability of every window.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return result.to_json(windows=windows) + "\n"


def report_data(result: DetectionResult, *, windows: bool = False) -> dict[str, Any]:
    """Return ``result.to_dict``: the object behind the JSON."""
    return result.to_dict(windows=windows)


def json_error(source: str, error: str) -> str:
    """Return the line of a source that could not be read."""
    data = {"version": VERSION, "source": {"name": plain_name(source)}, "error": error}
    return json_text(data) + "\n"
