"""The promises behind the JSON of ``detect``, as JSON Schemas (draft 2020-12).

In: nothing. Out: schemas as plain data; they are the files beside this one.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


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
