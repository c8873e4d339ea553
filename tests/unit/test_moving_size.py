"""How large what moves is: bars of known height in made-up videos."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from slipdetect.lab.evaluate.predictions import moving_size
from synth import make_video


def walker(share: float, time: float) -> np.ndarray:
    """Draw a bright bar of ``share`` of the height that moves to the right."""
    image = np.full((120, 160, 3), 40, np.uint8)
    tall, left = round(share * 120), int(20 + 30 * time)
    image[110 - tall : 110, left : left + 14] = 220
    return image


@pytest.mark.parametrize("share", [0.2, 0.45, 0.8])
def test_the_height_of_what_moves(tmp_path: Path, share: float) -> None:
    times = [k / 10 for k in range(30)]
    make_video(tmp_path / "a.mp4", [walker(share, t) for t in times], rate=10.0)
    found = moving_size(tmp_path / "a.mp4", 0.5, 2.0)
    # 92% of the energy lies between the percentiles
    assert found == pytest.approx(0.92 * share, abs=0.04)


def test_who_lies_is_as_large_as_who_stands(tmp_path: Path) -> None:
    def turned(time: float) -> np.ndarray:
        image = np.full((120, 160, 3), 40, np.uint8)
        top = int(20 + 20 * time)
        image[top : top + 14, 30:114] = 220
        return image

    make_video(tmp_path / "a.mp4", [turned(k / 10) for k in range(30)], rate=10.0)
    # 84 px wide in a picture of 120
    assert moving_size(tmp_path / "a.mp4", 0.5, 2.0) == pytest.approx(0.92 * 0.7, abs=0.04)


def test_a_hand_that_moves_most_of_the_time_is_no_small_person(tmp_path: Path) -> None:
    images = [walker(0.7 if k % 3 == 0 else 0.2, k / 10) for k in range(30)]
    make_video(tmp_path / "a.mp4", images, rate=10.0)
    found = moving_size(tmp_path / "a.mp4", 0.0, 2.5)
    assert found is not None
    assert found > 0.45


def test_only_the_stretch_asked_for_counts(tmp_path: Path) -> None:
    times = [k / 10 for k in range(40)]
    images = [walker(0.3, t) if t < 2 else walker(0.8, t - 2) for t in times]
    make_video(tmp_path / "a.mp4", images, rate=10.0)
    early = moving_size(tmp_path / "a.mp4", 0.0, 1.5)
    late = moving_size(tmp_path / "a.mp4", 2.3, 3.8)
    assert early is not None
    assert late is not None
    assert early < 0.35 < 0.65 < late


def test_nothing_that_moves_or_nothing_to_read_is_none(tmp_path: Path) -> None:
    make_video(tmp_path / "a.mp4", [walker(0.5, 0.0)] * 12, rate=10.0)
    assert moving_size(tmp_path / "a.mp4", 0.0, 1.0) is None
    assert moving_size(tmp_path / "a.mp4", 30.0, 31.0) is None
    assert moving_size(tmp_path / "missing.mp4", 0.0, 1.0) is None
