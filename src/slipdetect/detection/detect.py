"""One video, one call: ``slipdetect.detect``.

In: a file. Out: a ``DetectionResult``.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import Unpack

from slipdetect.detection.detector import Detector, OnEvent, Progress, Source
from slipdetect.models.config import BALANCED
from slipdetect.types import DetectionResult
from slipdetect.video import VideoOptions


def detect(
    source: Source,
    *,
    model: str | PathLike[str] = "default",
    device: str = "auto",
    events: Mapping[str, float | None] | None = None,
    sensitivity: str = BALANCED,
    exact: bool = False,
    on_progress: Progress | None = None,
    on_event: OnEvent | None = None,
    **reading: Unpack[VideoOptions],
) -> DetectionResult:
    """Find the events of one video.

    The model is loaded anew by every call: for many videos make one ``Detector`` and keep it.

    Args:
        source: A file.
        model: ``"default"`` (the bundled model) or the folder of a package.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``.
        events: Settings of ``EventConfig`` that replace the model's own and the preset's.
        sensitivity: ``"low"``, ``"balanced"`` or ``"high"``.
        exact: Compute every snippet, in float32; slower, and the same on every machine.
        on_progress: Called with (seconds done, seconds in all or None).
        on_event: Called with every event as soon as nothing later can change it.
        **reading: As for ``open_video``: stream, frame_rate, max_pixels, max_duration.

    Raises:
        SlipdetectError: As ``Detector.load`` and ``Detector.detect`` raise.
    """
    detector = Detector.load(model, device, events, sensitivity, exact)
    return detector.detect(source, on_progress=on_progress, on_event=on_event, **reading)
