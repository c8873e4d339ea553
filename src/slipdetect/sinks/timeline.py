"""A picture of the probability over the time of each video: ``--timeline``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._io import atomic_write
from slipdetect.sinks.sink import PerVideoSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult


class Timeline(PerVideoSink):
    """Draws each result with the thresholds in force."""

    option = "--timeline"
    help = "The probability over time: a .png, or a folder/."
    noun = "picture"
    ending = ".timeline.png"
    suffixes = (".png",)

    def result(self, result: DetectionResult) -> None:
        from slipdetect.reports.timeline_plot import draw_timeline

        target = next(self.left)
        with atomic_write(target, overwrite=self.overwrite) as temporary:
            draw_timeline(result, temporary, self.events)
        self.written.append(target)
