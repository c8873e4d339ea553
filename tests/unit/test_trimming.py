"""Trimming and resizing: the right frames at the right times, the right part of the picture.

In: tiny videos with numbered frames. Out: nothing but assertions.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import OutputError, UsageError, VideoError
from slipdetect.lab.prepare.reencode import reencode, resized
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.lab.prepare.trimming import Cut, Region, moving_region, trim
from slipdetect.video import open_video
from synth import make_video, read_code

# irregular, as of a phone that is busy
TIMES = [0.0, 0.03, 0.1, 0.13, 0.2, 0.5, 0.53, 0.56, 0.9, 1.0, 1.2, 1.21, 1.4, 1.9, 2.0]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("trim") / "in.mp4", times=TIMES).path


def read(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as video:
        return [(frame.time, read_code(frame.image)) for frame in video.frames()]


@settings(max_examples=15)
@given(start=st.floats(0.0, 1.9), length=st.floats(0.01, 2.5))
def test_the_frames_of_the_cut_at_their_distances(
    numbered: Path, tmp_path_factory: pytest.TempPathFactory, start: float, length: float
) -> None:
    target = tmp_path_factory.mktemp("cut") / "out.mp4"
    wanted = [i for i, t in enumerate(TIMES) if start - 1e-6 <= t < start + length - 1e-6]
    if not wanted:
        with pytest.raises(VideoError, match="no frame from"):
            trim(numbered, target, Cut(start, start + length))
        assert not target.exists()
        return
    done = trim(numbered, target, Cut(start, start + length))
    found = read(target)
    assert [code for _, code in found] == wanted
    first = TIMES[wanted[0]]
    assert [t for t, _ in found] == pytest.approx([TIMES[i] - first for i in wanted], abs=1e-4)
    assert (done.written, done.size) == (len(wanted), (128, 96))
    assert done.start == pytest.approx(first, abs=1e-4)
    with open_video(target) as video:
        assert done.end - done.start == pytest.approx(video.info.duration, abs=1e-3)


def test_without_an_end_it_goes_to_the_end(numbered: Path, tmp_path: Path) -> None:
    trim(numbered, tmp_path / "out.mp4", Cut(1.0))
    assert [code for _, code in read(tmp_path / "out.mp4")] == [9, 10, 11, 12, 13, 14]


def spot(x: int, y: int, width: int = 160, height: int = 96) -> np.ndarray:
    """A bright square of 16 px at a place, in a gray room with a red corner."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[:24, :24] = (200, 20, 20)
    image[y : y + 16, x : x + 16] = 230
    return image


def test_a_region_is_cut_out_and_then_sized(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [spot(80, 40)] * 3).path
    trim(source, tmp_path / "a.mp4", Cut(region=Region(72, 32, 32, 32)))
    with open_video(tmp_path / "a.mp4") as video:
        image = next(iter(video.frames())).image
    assert image.shape == (32, 32, 3)
    assert image[12:20, 12:20].min() > 200
    assert image[:4].max() < 90
    trim(
        source, tmp_path / "b.mp4", Cut(region=Region(72, 32, 32, 32)), SizeMode.parse("course2020")
    )
    with open_video(tmp_path / "b.mp4") as video:
        assert (video.info.width, video.info.height) == (342, 256)
    with pytest.raises(UsageError, match="leads out of the picture of 160x96"):
        trim(source, tmp_path / "c.mp4", Cut(region=Region(150, 0, 32, 32)))


def test_a_region_counts_in_pixels_as_shown(tmp_path: Path) -> None:
    """The pixels of this video are twice as wide as high: players show it 320 wide."""
    source = make_video(tmp_path / "in.mp4", [spot(80, 40)] * 3, aspect=Fraction(2)).path
    done = trim(source, tmp_path / "a.mp4", Cut(region=Region(160, 40, 32, 16)))
    with open_video(tmp_path / "a.mp4") as video:
        assert next(iter(video.frames())).image[4:12, 4:28].min() > 200
    assert done.size == (32, 16)
    assert trim(source, tmp_path / "b.mp4", Cut()).size == (320, 96)


def test_the_moving_region_is_that_of_the_cut_only(tmp_path: Path) -> None:
    """The square walks on the left for a second, and on the right from then on."""
    images = [spot(20 + i, 60) for i in range(25)] + [spot(120, 20 + i) for i in range(25)]
    source = make_video(tmp_path / "in.mp4", images, rate=25.0).path
    left = moving_region(source, Cut(0.0, 1.0))
    right = moving_region(source, Cut(1.04))
    assert left is not None
    assert right is not None
    assert left.left <= 20
    assert left.left + left.width < 120
    assert left.top <= 60 <= left.top + left.height - 16
    assert right.left > 60
    assert right.top <= 20
    assert right.top + right.height >= 60
    done = trim(source, tmp_path / "a.mp4", Cut(0.0, 1.0, follow_motion=True))
    assert done.size == (left.width, left.height)
    assert not done.warnings


def test_where_nothing_moves_the_picture_stays_whole(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [spot(80, 40)] * 20).path
    assert moving_region(source, Cut()) is None
    done = trim(source, tmp_path / "a.mp4", Cut(follow_motion=True))
    assert done.size == (160, 96)
    assert "nothing moves" in done.warnings[0]


def test_what_moves_all_over_a_square_picture_moves(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (96, 96, 3)).astype(np.uint8) for _ in range(10)]
    source = make_video(tmp_path / "in.mp4", noise).path
    assert moving_region(source, Cut()) == Region(0, 0, 96, 96)
    assert not trim(source, tmp_path / "a.mp4", Cut(follow_motion=True)).warnings


@pytest.mark.parametrize("mode", ["course2020", "letterbox:342x256", "short:48", "native"])
def test_resizing_keeps_every_time(numbered: Path, tmp_path: Path, mode: str) -> None:
    size = SizeMode.parse(mode)
    done = reencode(numbered, tmp_path / "out.mp4", partial(resized, size=size))
    found = read(tmp_path / "out.mp4")
    assert [code for _, code in found] == list(range(len(TIMES)))
    assert [time for time, _ in found] == pytest.approx(TIMES, abs=1e-4)
    expected = {"course2020": (342, 256), "letterbox:342x256": (342, 256), "short:48": (64, 48)}
    assert done.size == expected.get(mode, (128, 96))


def test_a_portrait_video_gets_black_sides_in_mode_seed(tmp_path: Path) -> None:
    source = make_video(tmp_path / "in.mp4", [np.full((160, 80, 3), 200, np.uint8)] * 3).path
    size = SizeMode.parse("course2020")
    reencode(source, tmp_path / "out.mp4", partial(resized, size=size))
    with open_video(tmp_path / "out.mp4") as video:
        image = next(iter(video.frames())).image
    assert image[:, :75].max() < 30
    assert image[:, -75:].max() < 30
    assert image[:, 100:240].min() > 180


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "-1,0,5,5", "0,0,1,5"])
def test_bad_boxes(text: str) -> None:
    with pytest.raises(UsageError, match="box"):
        Region.parse(text)


def test_a_box_reads_back() -> None:
    assert Region.parse(str(Region(1, 2, 30, 40))) == Region(1, 2, 30, 40)


@pytest.mark.parametrize(
    ("start", "end"), [(-1.0, None), (2.0, 2.0), (2.0, 1.0), (float("nan"), None), (0, np.inf)]
)
def test_bad_times(start: float, end: float | None) -> None:
    with pytest.raises(UsageError, match="cut"):
        Cut(start, end)


def test_a_video_is_never_written_over_itself(numbered: Path) -> None:
    with pytest.raises(OutputError, match="over itself"):
        trim(numbered, numbered, Cut(), overwrite=True)
