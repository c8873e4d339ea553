"""Writing frames at times of their own, as a reader finds them afterwards.

In: pictures with numbers in them, and times. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.video import open_video, write_timed_video
from synth import bars, read_code

TICK = 1 / 60_000


def read(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as video:
        return [(frame.time, read_code(frame.image)) for frame in video.frames()]


@settings(max_examples=20)
@given(gaps=st.lists(st.floats(0.004, 3.0), min_size=1, max_size=8), start=st.floats(0.0, 100.0))
def test_times_are_kept(
    tmp_path_factory: pytest.TempPathFactory, gaps: list[float], start: float
) -> None:
    times = [start, *(start + np.cumsum(gaps)).tolist()]
    path = tmp_path_factory.mktemp("timed") / "a.mp4"
    write_timed_video(path, ((t, bars(i)) for i, t in enumerate(times)), 25.0)
    found = read(path)
    assert [code for _, code in found] == list(range(len(times)))
    for (time, _), wanted in zip(found, times, strict=True):
        assert abs(time - (wanted - start)) <= 1.5 * TICK


def test_the_header_says_how_long_it_lasts(tmp_path: Path) -> None:
    times = [0.0, 0.04, 0.08, 0.5, 0.54, 0.9, 1.0, 3.0, 3.04]
    write_timed_video(tmp_path / "a.mp4", ((t, bars(i)) for i, t in enumerate(times)), 25.0)
    with open_video(tmp_path / "a.mp4") as video:
        assert video.info.duration == pytest.approx(3.08, abs=0.002)
        list(video.frames())
        assert not video.report.warnings


def test_a_frame_that_was_never_shown_is_left_out(tmp_path: Path) -> None:
    timed = [(0.0, bars(0)), (0.5, bars(1)), (0.5, bars(2)), (0.500001, bars(3)), (0.6, bars(4))]
    write_timed_video(tmp_path / "a.mp4", timed, 10.0)
    assert [code for _, code in read(tmp_path / "a.mp4")] == [0, 1, 4]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with pytest.raises(UsageError, match="order of time"):
        write_timed_video(path, [(1.0, bars(0)), (0.5, bars(1))], 25.0)
    with pytest.raises(UsageError, match="no frames"):
        write_timed_video(path, [], 25.0)
    with pytest.raises(UsageError, match="positive number"):
        write_timed_video(path, [(0.0, bars(0))], 0.0)
    assert list(tmp_path.iterdir()) == []


def test_odd_sides_are_padded(tmp_path: Path) -> None:
    write_timed_video(tmp_path / "a.mp4", [(0.0, bars(5, 65, 47)), (1.0, bars(6, 65, 47))], 25.0)
    with open_video(tmp_path / "a.mp4") as video:
        assert (video.info.width, video.info.height) == (66, 48)
