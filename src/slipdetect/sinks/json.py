"""Results as JSON, one line a source, failures too; of a live source a line for what happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipdetect.reports.formats import json_error, json_report
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult
    from slipdetect.detection.cameras import Cameras
    from slipdetect.detection.live import LiveEvent, LiveSummary


class Json(TextSink):
    """Everything that is known."""

    name = "json"
    ending = ".events.json"
    suffixes = (".json", ".jsonl")
    for_live = True
    _cameras: Cameras | None = None

    @classmethod
    def shows_windows(cls, sources: Sequence[str]) -> bool:
        return True

    def result(self, result: DetectionResult) -> None:
        self.write(json_report(result, windows=self.windows))

    def failure(self, source: str, error: str) -> None:
        self.write(json_error(source, error))

    def watching(self, cameras: Cameras) -> None:
        self._cameras = cameras

    def live_event(self, source: str, event: LiveEvent, now: datetime) -> None:
        from slipdetect.reports.live_report import live_line

        model = "" if self.detector is None else self.detector.scorer.name
        view = "level" if self._cameras is None else self._cameras.view(source)
        self.write(live_line(event, source, model, now, view))

    def summary(self, source: str, summary: LiveSummary, ended: str) -> None:
        from slipdetect.reports.live_report import summary_line

        self.write(summary_line(summary, source, ended))
