"""A copy of each video with what the model saw painted on it: ``--overlay``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slipdetect.errors import VideoError
from slipdetect.sinks.sink import PerVideoSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult
    from slipdetect.video import Recording


class OverlaySink(PerVideoSink):
    """Paints each result onto its video.

    Attributes:
        copy: What paints the last video; without an error its file is there.
    """

    option = "--overlay"
    help = "The video, events painted on: a .mp4, or a folder/."
    noun = "video"
    ending = ".overlay.mp4"
    suffixes = (".mp4",)
    settings = ("privacy",)
    sees_frames = True
    copy: Recording

    def views(self, result: DetectionResult) -> Sequence[Recording]:
        from slipdetect.reports.overlay import Overlay

        self.copy = Overlay(result, self.events, next(self.left), overwrite=self.overwrite)
        return [self.copy]

    def result(self, result: DetectionResult) -> None:
        target, error = self.copy.target, self.copy.error
        if error is None:
            self.written.append(target)
        elif isinstance(error, VideoError):
            # the other videos must not suffer from one that vanished meanwhile
            self.missing.append(VideoError(f"no overlay {str(target)!r}: {error}"))
        else:
            raise error
