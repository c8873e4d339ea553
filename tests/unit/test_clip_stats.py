"""What is measured of a file tells what it looks like from outside.

In: tiny videos with known borders, light and background. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import VideoError
from slipdetect.lab.check.clip_stats import measure_clip
from slipdetect.video import open_video
from synth import cut, make_video


def flat(level: int, width: int = 160, height: int = 96) -> np.ndarray:
    return np.full((height, width, 3), level, np.uint8)


def test_the_facts_of_a_file(tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", [flat(100)] * 30, rate=15.0)
    facts = measure_clip(video.path)
    assert (facts.frame_rate, facts.width, facts.height) == (15.0, 160, 96)
    assert facts.seconds == pytest.approx(2.0, abs=0.01)
    assert facts.bytes == video.path.stat().st_size
    assert facts.bit_rate == pytest.approx(8 * facts.bytes / 2.0, rel=0.01)
    assert facts.brightness == pytest.approx(100, abs=2)
    assert facts.border == 0.0
    # the grid of ten a second ends at 29/15 s, the last frame's time
    assert facts.stills.shape == (20, 32, 32)


@pytest.mark.parametrize(("top", "left"), [(24, 0), (0, 40), (24, 40)])
def test_black_borders_are_measured_and_left_out(tmp_path: Path, top: int, left: int) -> None:
    image = flat(0)
    image[top : 96 - top, left : 160 - left] = 120
    facts = measure_clip(make_video(tmp_path / "a.mp4", [image] * 5).path)
    inside = (96 - 2 * top) * (160 - 2 * left) / (96 * 160)
    assert facts.border == pytest.approx(1 - inside, abs=0.05)
    assert facts.brightness > 105
    assert facts.stills.mean() > 105


def test_a_dark_video_has_no_border(tmp_path: Path) -> None:
    facts = measure_clip(make_video(tmp_path / "a.mp4", [flat(5)] * 5).path)
    assert facts.border == 0.0
    assert facts.brightness < 10


def test_the_background_is_what_stays(tmp_path: Path) -> None:
    """Somebody bright crosses a room that is dark on the left and bright on the right."""
    images = []
    for index in range(30):
        image = flat(40)
        image[:, 80:] = 160
        image[20:60, index * 5 : index * 5 + 12] = 255
        images.append(image)
    cells = measure_clip(make_video(tmp_path / "a.mp4", images).path).background.reshape(4, 4, 3)
    assert cells[:, :2].mean() == pytest.approx(40 / 255, abs=0.03)
    assert cells[:, 2:].mean() == pytest.approx(160 / 255, abs=0.03)


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises(VideoError, match=r"a\.mp4"):
        measure_clip(tmp_path / "a.mp4")
    with pytest.raises(VideoError, match="not found"):
        measure_clip(tmp_path / "b.mp4")


def test_a_file_that_was_cut_off_is_as_long_as_what_is_there(tmp_path: Path) -> None:
    path = cut(make_video(tmp_path / "a.mkv", count=100, rate=10.0, size=(64, 48)).path, 0.5)
    facts = measure_clip(path)
    with open_video(path) as video:
        times = [frame.time for frame in video.frames()]
        assert video.info.duration == pytest.approx(10.0, abs=0.1)
    assert times[-1] < 8
    assert facts.seconds == pytest.approx(times[-1] + 0.1, abs=0.11)
