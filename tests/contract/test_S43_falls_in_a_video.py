"""S43: a video with two falls has two events, and one in which somebody only walks has none.

In: the rendered example, put together anew. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from slipdetect.detection import Detector
from slipdetect.video import open_video, write_timed_video

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"
RATE = 25.0


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector.load("default", "cpu")


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    with open_video(EXAMPLE) as video:
        return [frame.image for frame in video.frames()]


def save(target: Path, frames: Sequence[np.ndarray]) -> Path:
    write_timed_video(target, ((index / RATE, image) for index, image in enumerate(frames)), RATE)
    return target


def test_S43_two_falls_are_two_events(
    detector: Detector, frames: list[np.ndarray], tmp_path: Path
) -> None:
    truth = json.loads(EXAMPLE.with_suffix(".json").read_text(encoding="utf-8"))
    ((start, end),) = [(fall["start"], fall["end"]) for fall in truth["events"]]
    result = detector.detect(save(tmp_path / "two.mp4", frames + frames))
    assert len(result.events) == 2
    for event, shift in zip(result.events, (0.0, len(frames) / RATE), strict=True):
        assert event.start < end + shift
        assert event.end > start + shift
        assert abs(event.start - start - shift) < 0.6


def test_S43_walking_to_and_fro_stays_below(
    detector: Detector, frames: list[np.ndarray], tmp_path: Path
) -> None:
    walk = frames[:75]
    result = detector.detect(save(tmp_path / "walk.mp4", (walk + walk[::-1]) * 2))
    assert result.events == ()
    assert max(window.probability for window in result.windows) < 0.7
