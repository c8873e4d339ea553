"""Results as JSON, version 1: one object a source, one a line; and what is promised of it.

In: a ``DetectionResult``, or a source and why it failed. Out: a line of JSON, ASCII only; JSON
Schemas (draft 2020-12) as plain data, which are the files beside this one.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name
from slipdetect.types.export import VERSION, json_text

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult


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


def detect_schema() -> dict[str, Any]:
    """Return the schema that every line of ``json_report`` and ``json_error`` keeps."""
    return _schema("detect.schema.json")


def live_schema() -> dict[str, Any]:
    """Return the schema that every line of a live run keeps."""
    return _schema("live.schema.json")


def _schema(name: str) -> dict[str, Any]:
    text = files("slipdetect.reports").joinpath(name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
