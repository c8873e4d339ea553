"""Results as JSON, version 1: one object a source, one a line.

In: a ``DetectionResult``, or a source and why it failed. Out: a line of JSON, ASCII only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.detection.document import VERSION, event_data, json_text, report_data
from slipdetect.reports.names import plain_name

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

__all__ = ["VERSION", "event_data", "json_error", "json_report", "report_data"]


def json_report(result: DetectionResult, *, windows: bool = False) -> str:
    """Return one line of JSON, ending in a line feed.

    Args:
        result: What was found.
        windows: Add the probability of every window.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return json_text(report_data(result, windows=windows)) + "\n"


def json_error(source: str, error: str) -> str:
    """Return the line of a source that could not be read."""
    data = {"version": VERSION, "source": {"name": plain_name(source)}, "error": error}
    return json_text(data) + "\n"
