"""The promise behind the JSON of ``detect``, as a JSON Schema (draft 2020-12).

In: nothing. Out: the schema as plain data; it is ``detect.schema.json`` beside this file.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def detect_schema() -> dict[str, Any]:
    """Return the schema that every line of ``json_report`` and ``json_error`` keeps."""
    text = files("slipdetect.reports").joinpath("detect.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema
