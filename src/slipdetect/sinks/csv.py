"""Events as CSV, a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.formats import csv_header, csv_rows
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector


class Csv(TextSink):
    """Events for a spreadsheet."""

    name = "csv"
    ending = ".events.csv"
    suffixes = (".csv",)

    def open(self, detector: Detector | None) -> None:
        self.write(csv_header())

    def result(self, result: DetectionResult) -> None:
        self.write(csv_rows(result))
