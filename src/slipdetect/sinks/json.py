"""Results as JSON, one line a source, failures too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.formats import json_error, json_report
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult


class Json(TextSink):
    """Everything that is known."""

    name = "json"
    ending = ".events.json"
    suffixes = (".json", ".jsonl")

    def result(self, result: DetectionResult) -> None:
        self.write(json_report(result, windows=self.windows))

    def failure(self, source: str, error: str) -> None:
        self.write(json_error(source, error))
