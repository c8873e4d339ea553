"""Events as subtitles: WebVTT for browsers, SubRip for every player."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.formats import srt_report, vtt_report
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult


class Vtt(TextSink):
    """WebVTT."""

    name = "vtt"
    # beside their video under its very name, so that players find them
    ending = ".vtt"
    suffixes = (".vtt",)
    one_video = True

    def result(self, result: DetectionResult) -> None:
        self.write(vtt_report(result))


class Srt(TextSink):
    """SubRip."""

    name = "srt"
    ending = ".srt"
    suffixes = (".srt",)
    one_video = True

    def result(self, result: DetectionResult) -> None:
        self.write(srt_report(result))
