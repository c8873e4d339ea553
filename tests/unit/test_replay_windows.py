"""The seed report's windows and samples, counted again by hand.

In: numbers of frames. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.detection import Detector
from slipdetect.errors import ModelError, UsageError, VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.course2020.replay import SEED_WINDOWS, replay_detector
from slipdetect.modalities.snippet import cut, get_modality, snippet_box
from slipdetect.video import open_video
from stub_models import stub_package
from synth import make_video

RGB, FLOW = get_modality("rgb"), get_modality("flow")


def by_hand(frames: int, segments: int, length: int) -> list[int]:
    """Sample as the reference does: the centers of equal parts, in a plain loop."""
    tick = (frames - length + 1) / segments
    return [int(tick / 2 + tick * part) for part in range(segments)]


@given(st.integers(0, 3000))
def test_windows_of_the_final_detector(frames: int) -> None:
    count = 0 if frames <= 30 else 1 if frames <= 41 else 1 + math.ceil((frames - 41) / 10)
    assert SEED_WINDOWS["course2020"].starts(frames) == [10 * index for index in range(count)]


@given(st.integers(0, 3000))
def test_windows_of_the_programs_before_it(frames: int) -> None:
    v1, v0 = SEED_WINDOWS["course2020-v1"], SEED_WINDOWS["course2020-v0"]
    whole, rest = divmod(frames, 30)
    assert v1.starts(frames) == [30 * index for index in range(whole + (rest > 20))]
    if rest > 20:
        assert v1.size(30 * whole, frames) == rest
    assert v0.starts(frames) == [s for s in range(0, frames, 10) if s + 40 <= frames]


def test_samples_are_those_of_the_report() -> None:
    seed = SEED_WINDOWS["course2020"]
    # the program counts from 1
    assert [1 + s for s in seed.samples(RGB, 30)] == [3, 7, 11, 16, 20, 24, 28]
    assert [1 + s for s in seed.samples(FLOW, 30)] == [2, 6, 9, 13, 17, 20, 24]
    for name, size in (
        ("course2020", 30),
        ("course2020-v1", 30),
        ("course2020-v1", 24),
        ("course2020-v0", 40),
    ):
        schedule = SEED_WINDOWS[name]
        assert schedule.samples(RGB, size) == by_hand(size, schedule.segments, 1)
        # 5 fields lie between 6 frames; there is one field less than frames
        assert schedule.samples(FLOW, size) == by_hand(size - 1, schedule.segments, 5)


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    return Detector.from_package(
        stub_package(tmp_path / "model", monkeypatch, "rgb", "flow"), "cpu"
    )


def test_a_window_is_the_mean_of_its_samples_and_the_sum_of_its_streams(
    detector: Detector, tmp_path: Path
) -> None:
    """Everything again in plain loops, from the pixels on."""
    path = tmp_path / "a.mp4"
    make_video(path, "walk", count=52, size=(64, 48))
    result = replay_detector(detector, SEED_WINDOWS["course2020"]).detect(path)
    with open_video(path) as video:
        images = [frame.image for frame in video.frames(short_side=64)]
    recipe = detector.config.stream("flow").flow
    extractor = FlowExtractor.from_recipe(recipe)
    fields = [
        extractor.quantize(extractor.pair(a, b)).transpose(1, 2, 0) for a, b in pairwise(images)
    ]
    box, size = snippet_box([], 48, 64, "center"), detector.config.stream("rgb").input_size
    assert [window.start for window in result.windows] == [0.0, 0.4, 0.8]
    for index, window in enumerate(result.windows):
        first = 10 * index
        logits = {}
        for name, starts, length, source in (
            ("rgb", (2, 6, 10, 15, 19, 23, 27), 1, images),
            ("flow", (1, 5, 8, 12, 16, 19, 23), 5, fields),
        ):
            total = np.zeros(2)
            for start in starts:
                part = np.stack(source[first + start : first + start + length])
                row = detector.tsn.networks.engine.logits(name, cut(part, box, size)[None])[0]
                total += row.astype(np.float64)
            logits[name] = total / 7
        fused = logits["rgb"] + logits["flow"]
        share = math.exp(fused[0]) / (math.exp(fused[0]) + math.exp(fused[1]))
        assert window.probability == pytest.approx(share, abs=1e-5)
        for name, value in logits.items():
            alone = math.exp(value[0]) / (math.exp(value[0]) + math.exp(value[1]))
            assert window.streams[name] == pytest.approx(alone, abs=1e-5)


@pytest.mark.parametrize(("name", "windows"), [("course2020-v1", 2), ("course2020-v0", 2)])
def test_the_other_programs_run(
    detector: Detector, tmp_path: Path, name: str, windows: int
) -> None:
    make_video(tmp_path / "a.mp4", "walk", count=52, size=(64, 48))
    result = replay_detector(detector, SEED_WINDOWS[name]).detect(tmp_path / "a.mp4")
    assert len(result.windows) == windows
    assert all(0.0 <= window.probability <= 1.0 for window in result.windows)


def test_too_short_a_video_is_told_of(detector: Detector, tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", "walk", count=30, size=(64, 48))
    with pytest.raises(VideoError, match="has 30 frames, and 'course2020' needs 31"):
        replay_detector(detector, SEED_WINDOWS["course2020"]).detect(tmp_path / "a.mp4")


def test_other_streams_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Detector.from_package(stub_package(tmp_path / "model", monkeypatch, "rgbdiff"), "cpu")
    with pytest.raises(ModelError, match="models import"):
        replay_detector(other, SEED_WINDOWS["course2020"])


def test_the_programs_knew_no_camera_that_looks_straight_down(detector: Detector) -> None:
    detector._view = "above"  # as of a model that has a pose stream, too
    with pytest.raises(UsageError, match="looks at no people"):
        replay_detector(detector, SEED_WINDOWS["course2020"])
