"""The formats of ``--format`` whose text ``reports`` makes; each of the others has a file here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipdetect.reports import formats
from slipdetect.reports.table import SummaryTable, event_table
from slipdetect.sinks.names import video_ids
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector
    from slipdetect.detection.cameras import Cameras
    from slipdetect.detection.live import LiveEvent, LiveSummary


class Table(TextSink):
    """A table for people; of one source it shows more."""

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


class Json(TextSink):
    """A line a source, failures too, with all that is known; of a live one a line an event."""

    name = "json"
    ending = ".events.json"
    suffixes = (".json", ".jsonl")
    for_live = True
    _cameras: Cameras | None = None

    @classmethod
    def shows_windows(cls, sources: Sequence[str]) -> bool:
        return True

    def result(self, result: DetectionResult) -> None:
        self.write(formats.json_report(result, windows=self.windows))

    def failure(self, source: str, error: str) -> None:
        self.write(formats.json_error(source, error))

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


class Csv(TextSink):
    """Events for a spreadsheet, a row each."""

    name = "csv"
    ending = ".events.csv"
    suffixes = (".csv",)

    def open(self, detector: Detector | None) -> None:
        self.write(formats.csv_header())

    def result(self, result: DetectionResult) -> None:
        self.write(formats.csv_rows(result))


class Vtt(TextSink):
    """WebVTT: subtitles for browsers."""

    name = "vtt"
    # beside their video under its very name, so that players find them
    ending = ".vtt"
    suffixes = (".vtt",)
    one_video = True

    def result(self, result: DetectionResult) -> None:
        self.write(formats.vtt_report(result))


class Srt(TextSink):
    """SubRip: subtitles for every player."""

    name = "srt"
    ending = ".srt"
    suffixes = (".srt",)
    one_video = True

    def result(self, result: DetectionResult) -> None:
        self.write(formats.srt_report(result))


class ActivityNet(TextSink):
    """Detections as ActivityNet's evaluation code reads them, of each video that could be read."""

    name = "activitynet"
    ending = ".activitynet.json"

    def open(self, detector: Detector | None) -> None:
        self._ids = iter(video_ids(self.sources))
        self._parting = ""
        self.write(formats.activitynet_opening())

    def result(self, result: DetectionResult) -> None:
        self.write(self._parting + formats.activitynet_entry(next(self._ids), result))
        self._parting = ",\n"

    def failure(self, source: str, error: str) -> None:
        next(self._ids)

    def close(self) -> None:
        self.write(formats.activitynet_closing())
