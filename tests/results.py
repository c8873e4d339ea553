"""Detection results made by hand, and a detector that gives them.

In: numbers. Out: ``DetectionResult``s, and a stand-in for ``Detector``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

from slipdetect.detection import DetectionResult, Event, EventConfig, Window
from slipdetect.errors import VideoError
from slipdetect.reports.formats import (
    activitynet_closing,
    activitynet_entry,
    activitynet_opening,
)
from slipdetect.types import Sighting, Zones
from slipdetect.video import DecodeReport, VideoInfo

FALL = Event(3.2, 4.9, 4.1, 0.97)
WITH_PERSON = Event(
    5.0, 6.5, 5.5, 0.9, track=3, box=(0.1, 0.2, 0.3, 0.9), down_for=4.0, recovered_at=10.0
)
LOOKED_AT = Window(
    5.0,
    6.0,
    0.9,
    {"rgb": 0.8, "pose": 0.9},
    people=(Sighting(3, (0.1, 0.2, 0.3, 0.9), "down"),),
    person=3,
)


def make_result(source: str = "kitchen.mp4", *events: Event, **changes: Any) -> DetectionResult:
    """Return a result of a 10 s video with ``events``."""
    result = DetectionResult(
        source=source,
        model="tiny",
        weights={"rgb": "ab" * 32},
        events=events,
        windows=(Window(0.0, 1.5, 0.25, {"rgb": 0.25}), Window(0.2, 1.7, 0.5, {"rgb": 0.5})),
        info=VideoInfo(source, 640, 480, 29.97, 10.0, "h264", 0, 1),
        report=DecodeReport(frames=300),
        duration=9.9,
        padded=False,
    )
    return replace(result, **changes)


def activitynet_report(results: Iterable[tuple[str, DetectionResult]]) -> str:
    """Return a whole file of (id, result) pairs, as the sink writes it in pieces."""
    entries = [activitynet_entry(name, result) for name, result in results]
    return activitynet_opening() + ",\n".join(entries) + activitynet_closing()


class FakeDetector:
    """Reads the first bytes of a file as what to answer: fall, cut, bug, stop, or nothing."""

    def __init__(self, events: EventConfig) -> None:
        self.config = self.scorer = SimpleNamespace(name="fake")
        self.device, self.engine = "cpu", "onnx"
        self.event_config = events
        self.zones = Zones()
        self.view = "level"

    @classmethod
    def load(
        cls,
        model: str,
        device: str,
        events: dict[str, float | None],
        sensitivity: str = "balanced",
        exact: bool = False,
        engine: str = "auto",
        view: str = "level",
    ) -> Self:
        return cls(EventConfig().updated(events))

    def detect(
        self,
        source: str,
        *,
        on_progress: Callable[[float, float | None], None],
        on_event: Callable[[Event], None] | None = None,
        **reading: Any,
    ) -> DetectionResult:
        try:
            wish = Path(source).read_text()
        except OSError as error:
            raise VideoError(f"{source!r} was not found; check the path") from error
        on_progress(5.0, 10.0)
        if wish == "bug":
            raise ValueError("shapes\ndiffer")
        if wish == "stop":
            raise KeyboardInterrupt
        if wish == "cut":
            return make_result(source, report=DecodeReport(9, 2, True, ["truncated: a part"]))
        if wish == "fall" and on_event is not None:
            on_event(FALL)
        return make_result(source, *((FALL,) if wish == "fall" else ()))
