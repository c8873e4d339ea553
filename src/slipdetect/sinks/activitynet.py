"""Events as one object of detections, as ActivityNet's evaluation code reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.formats import activitynet_closing, activitynet_entry, activitynet_opening
from slipdetect.sinks.names import video_ids
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector


class ActivityNet(TextSink):
    """An entry for every video that could be read."""

    name = "activitynet"
    ending = ".activitynet.json"

    def open(self, detector: Detector | None) -> None:
        self._ids = iter(video_ids(self.sources))
        self._parting = ""
        self.write(activitynet_opening())

    def result(self, result: DetectionResult) -> None:
        self.write(self._parting + activitynet_entry(next(self._ids), result))
        self._parting = ",\n"

    def failure(self, source: str, error: str) -> None:
        next(self._ids)

    def close(self) -> None:
        self.write(activitynet_closing())
