"""Results for reading: the events of one video, a line for each of many, events of a camera."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipdetect.reports.table import SummaryTable, event_table
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector
    from slipdetect.detection.live import LiveEvent


class Table(TextSink):
    """A table; of one source it shows more."""

    name = "table"
    ending = ".events.txt"
    for_live = True

    @classmethod
    def shows_windows(cls, sources: Sequence[str]) -> bool:
        return len(sources) == 1

    def open(self, detector: Detector | None) -> None:
        self._found = self._clear = self._failed = 0
        self._many = SummaryTable(self.sources, self.width) if len(self.sources) != 1 else None
        self._begun = False

    def _row(self, row: str) -> None:
        """Write a row of a table that has several, after their heads."""
        if not self._begun and self._many is not None:
            self.write(self._many.header())
        self._begun = True
        self.write(row)

    def result(self, result: DetectionResult) -> None:
        if self._many is None:
            self.write(event_table(result, windows=self.windows))
            return
        self._found += bool(result.events)
        self._clear += not result.events
        self._row(self._many.row(result))

    def failure(self, source: str, error: str) -> None:
        self._failed += 1
        if self._many is not None:
            self._row(self._many.failure(source))

    def close(self) -> None:
        failed = f", {self._failed} failed" if self._failed else ""
        if self._begun:
            self.write(f"\n{self._found} with a slip, {self._clear} without{failed}\n")

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        from slipdetect.reports.live_report import live_text

        camera = source if len(self.sources) != 1 else ""
        self.write(live_text(event, camera))
