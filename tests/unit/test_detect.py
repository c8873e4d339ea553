"""One call for one video, and events found anew from what it saw.

In: a film that gets brighter and darker, a network that scores brightness. Out: results.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import slipdetect
from brightness import Brightness, save
from slipdetect import Detector, EventConfig
from slipdetect.errors import UsageError, VideoError
from synth import make_video


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(
        "slipdetect.backbones.create_backbone",
        lambda name, channels=3, weights=None: Brightness(channels),
    )
    return save(tmp_path / "model", "rgb")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Swells of brightness, each more than the one before: probabilities from 0.1 to 0.9."""
    times = [index / 10 for index in range(161)]
    levels = [128 + 20 * (time / 16) * math.sin(2 * math.pi * time / 4) for time in times]
    pictures = [np.full((48, 64, 3), round(level), np.uint8) for level in levels]
    return make_video(tmp_path / "film.mp4", pictures, times=times, rate=10.0).path


@pytest.mark.parametrize(
    "changes",
    [
        {"onset": 0.85},
        {"onset": 0.6, "offset": 0.55},
        {"onset": 0.3},
        {"onset": 0.7, "offset": 0.2, "pad_onset": 0.3, "pad_offset": 0.4},
        {"onset": 0.6, "offset": 0.6, "min_duration_on": 1.3, "min_duration_off": 0.7},
        {"min_duration_off": 3.0},
    ],
    ids=str,
)
def test_events_at_other_settings_are_those_that_detecting_with_them_finds(
    model: Path, film: Path, changes: dict[str, float]
) -> None:
    own = Detector.load(model, "cpu", exact=True).detect(film)
    anew = own.at(**changes)
    assert anew == Detector.load(model, "cpu", changes, exact=True).detect(film)
    assert anew.events
    assert anew.events != own.events
    assert anew.at(**own.event_config.to_json()) == own


def test_a_result_knows_what_made_its_events(model: Path, film: Path) -> None:
    result = Detector.load(model, "cpu", {"onset": 0.8, "pad_onset": 0.1}).detect(film)
    assert result.event_config == EventConfig(0.8, 0.5, min_duration_off=0.0, pad_onset=0.1)
    assert result.label == "slip"


def test_one_call_is_loading_and_detecting(model: Path, film: Path) -> None:
    told: list[slipdetect.Event] = []
    result = slipdetect.detect(
        film,
        model=model,
        device="cpu",
        events={"onset": 0.8},
        exact=True,
        on_event=told.append,
        max_duration=9.0,
    )
    detector = Detector.load(model, "cpu", {"onset": 0.8}, exact=True)
    assert result == detector.detect(film, max_duration=9.0)
    assert told == list(result.events)
    assert 8.0 < result.duration < 9.0
    with pytest.raises(VideoError, match="was not found"):
        slipdetect.detect("gone.mp4", model=model, device="cpu")


def test_a_file_takes_no_option_of_live_sources(model: Path, film: Path) -> None:
    with pytest.raises(UsageError, match="a file takes no retries; leave it out"):
        next(Detector.load(model, "cpu").iter_events(film, retries=3))
