"""Light that changes all at once in a still room is no event to the bundled model.

In: thirty rendered rooms with sensor noise, six kinds of change. Out: events at every sensitivity.
"""

from __future__ import annotations

from functools import cache

import pytest

from lights import CHANGES, ROOMS, frames
from slipdetect.detection import Detector
from slipdetect.detection.pipeline import RunState, Segment, marked_windows
from slipdetect.types import Event, Window
from slipdetect.types.event_finder import EventFinder

SENSITIVITIES = ("low", "balanced", "high")


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("default", device="cpu", sensitivity="high")


@cache
def windows(detector: Detector, change: str, room: int) -> list[Window]:
    """Windows are the same at every sensitivity, which only has other thresholds."""
    run = RunState(detector.event_config)
    return list(marked_windows(detector.scorer, Segment(frames(change, room), run)))


def events(detector: Detector, change: str, room: int, sensitivity: str) -> list[Event]:
    finder = EventFinder(detector.config.events_at(sensitivity), "slip")
    found = [finder.push(window) for window in windows(detector, change, room)]
    return [event for each in [*found, finder.finish()] for event in each]


@pytest.mark.parametrize("change", ["exposed", "to-infrared"])
def test_light_in_one_room_is_no_event(detector: Detector, change: str) -> None:
    found = windows(detector, change, ROOMS[-1])
    # the change is seen, so that something could have been found
    assert any(window.moving is not None for window in found)
    # at "high" the first of them was one
    assert not events(detector, change, ROOMS[-1], "high")


@pytest.mark.slow
@pytest.mark.parametrize("sensitivity", SENSITIVITIES)
def test_light_in_thirty_rooms(detector: Detector, sensitivity: str) -> None:
    scenes = [(change, room) for change in CHANGES for room in ROOMS]
    assert len(scenes) == 30
    assert not [scene for scene in scenes if events(detector, *scene, sensitivity)]
