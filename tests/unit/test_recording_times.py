"""Detection, outputs and annotations on the recording's clock: over gaps, and behind sound.

In: rooms in which a lamp is on while the event lasts. Out: times that a player shows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from brightness import STRIDE, Brightness, save
from media.making import with_sound
from slipdetect import backbones
from slipdetect.detection import Detector
from slipdetect.reports.formats import json_report, srt_report
from synth import make_video

RATE = 25
GAP = 4000.0


@pytest.fixture
def bright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Brightness(channels)
    )
    return Detector.load(save(tmp_path / "model", "rgb"), device="cpu")


def lamp(on: bool) -> np.ndarray:
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


def with_gap(path: Path, lit: Sequence[tuple[float, float]]) -> Path:
    """Eight seconds of pictures, nothing for 4,000 s, and eight more."""
    times = [i / RATE + (GAP if i >= 8 * RATE else 0.0) for i in range(16 * RATE)]
    pictures = [lamp(any(start <= time < end for start, end in lit)) for time in times]
    return make_video(path, pictures, times=times).path


@pytest.mark.parametrize("suffix", ["mkv", "mp4"])
def test_events_behind_a_gap_are_on_the_files_clock(
    tmp_path: Path, bright: Detector, suffix: str
) -> None:
    clip = with_gap(tmp_path / f"gap.{suffix}", [(3.0, 5.5), (GAP + 11.0, GAP + 13.5)])
    result = bright.detect(clip)
    first, second = result.events
    assert first.start == pytest.approx(3.0, abs=STRIDE + 0.04)
    assert second.start == pytest.approx(GAP + 11.0, abs=STRIDE + 0.04)
    assert second.end == pytest.approx(GAP + 13.5, abs=STRIDE + 0.04)
    assert result.duration == pytest.approx(GAP + 15.96, abs=0.1)
    (gap,) = result.report.gaps
    assert (gap.start, gap.end) == pytest.approx((7.96, GAP + 8.0))
    assert result.report.warnings == [
        "1 gap without pictures: 8.0 s to 4008.0 s (4000.0 s)",
    ]
    assert list(bright.iter_events(clip)) == list(result.events)
    assert result.at().events == result.events
    assert "01:06:5" in srt_report(result)
    assert json.loads(json_report(result))["source"]["gaps"] == [{"start": 7.96, "end": 4008.0}]


def test_nothing_is_computed_for_a_gap(tmp_path: Path, bright: Detector) -> None:
    result = bright.detect(with_gap(tmp_path / "gap.mkv", []))
    assert result.profile is not None
    sampled = bright.config.sample_fps
    assert result.profile.samples <= 16 * sampled + 2
    assert not any(
        7.96 < w.start < GAP + 8.0 or 7.96 < w.center < GAP + 8.0 for w in result.windows
    )


def test_an_event_does_not_go_on_over_a_gap(tmp_path: Path, bright: Detector) -> None:
    clip = with_gap(tmp_path / "gap.mkv", [(5.0, GAP + 10.0)])
    result = bright.detect(clip)
    first, second = result.events
    assert first.end == pytest.approx(7.96, abs=0.2)
    assert first.interrupted
    assert second.start == pytest.approx(GAP + 8.0)
    assert second.end == pytest.approx(GAP + 10.0, abs=STRIDE + 0.04)
    assert list(bright.iter_events(clip)) == list(result.events)


def test_times_behind_sound_are_those_of_a_player(tmp_path: Path, bright: Detector) -> None:
    numbers = {i: 6 + i / RATE for i in range(8 * RATE)}
    clip = with_sound(
        tmp_path / "sound.mp4", numbers, 14.0, draw=lambda i: lamp(3.0 <= i / RATE < 5.5)
    )
    result = bright.detect(clip)
    (event,) = result.events
    assert event.start == pytest.approx(9.0, abs=STRIDE + 0.04)
    assert event.end == pytest.approx(11.5, abs=STRIDE + 0.04)
    assert (result.info.start, result.info.end) == pytest.approx((6.0, 14.0), abs=0.01)
    assert not result.padded
    assert not result.report.warnings
    assert "00:00:09," in srt_report(result) or "00:00:08," in srt_report(result)
    assert json.loads(json_report(result))["source"]["start_offset"] == 6.0
