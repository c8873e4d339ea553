"""Interlaced recordings: what stands still does so, what moves has no combs, in files and live.

In: a bar that moves from field to field before a wall of noise. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from media.pictures import WAYS, by_file, with_fields, woven, write_lossless
from slipdetect.video import Frame, open_video
from slipdetect.video.interlacing import deinterlaced

WIDTH, HEIGHT = 160, 96
COUNT = 12
LEFT, STEP, BAR = 20, 2, 10
TOP, BOTTOM = 20, 70
# what the filter looks at beside a moving edge, pixels
REACH = 4


def scene(moment: int) -> np.ndarray:
    """Draw the room at half a frame's distance: a wall, and a bar that moves."""
    image = np.random.default_rng(1).integers(40, 200, (HEIGHT, WIDTH, 3), np.uint8)
    left = LEFT + STEP * moment
    image[TOP:BOTTOM, left : left + BAR] = 255
    return image


def moving(moments: int) -> np.ndarray:
    """Return where anything may change while the bar moves."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    right = LEFT + STEP * (moments - 1) + BAR
    mask[TOP - REACH : BOTTOM + REACH, LEFT - REACH : right + REACH] = True
    return mask


@pytest.fixture(scope="module", params=["tff", "bff"])
def interlaced(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fields") / "camera.mkv"
    order = slice(None) if request.param == "tff" else slice(None, None, -1)
    images = [woven(*[scene(2 * i), scene(2 * i + 1)][order]) for i in range(COUNT)]
    return write_lossless(path, images, request.param)


@pytest.fixture(scope="module")
def progressive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fields") / "camera.mkv"
    return write_lossless(path, [scene(2 * i) for i in range(COUNT)])


@pytest.mark.parametrize("read", WAYS)
def test_what_stands_still_has_no_difference(
    interlaced: Path, read: Callable[[Path], list[Frame]]
) -> None:
    frames = read(interlaced)
    assert [frame.time for frame in frames] == pytest.approx([i / 25 for i in range(COUNT)])
    images = np.array([frame.image for frame in frames])
    steps = np.abs(np.diff(images.astype(int), axis=0)).max(axis=(0, 3))
    still = ~moving(2 * COUNT)
    assert still.mean() > 0.5
    assert steps[still].max() == 0
    assert steps[~still].max() > 100


def combs(image: np.ndarray) -> float:
    """Return how much more rows differ from their neighbors than from those behind, levels."""
    rows = image[TOP + 4 : BOTTOM - 4].astype(float).mean(axis=2)
    return float(np.abs(np.diff(rows, axis=0)).mean() - np.abs(rows[2:] - rows[:-2]).mean())


@pytest.mark.parametrize("order", ["tff", "bff"])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_what_moves_has_no_combs(tmp_path: Path, order: str, count: int) -> None:
    def bar(moment: int) -> np.ndarray:
        image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
        image[TOP:BOTTOM, LEFT + 8 * moment : LEFT + 8 * moment + 10] = 220
        return image

    even = order == "tff"
    stored = [woven(*[bar(2 * i), bar(2 * i + 1)][:: 1 if even else -1]) for i in range(count)]
    path = write_lossless(tmp_path / "bar.mkv", stored, order)
    with open_video(path) as video:
        assert video.info.interlaced
        shown = [frame.image for frame in video.frames()]
    assert len(shown) == count
    assert min(map(combs, stored)) > 5
    if count == 1:  # nothing tells that anything moves
        return
    assert max(map(combs, shown)) < 0.5
    # of the first field's moment: its rows are as they were stored
    rows = slice(0 if even else 1, None, 2)
    for image, fields in zip(shown, stored, strict=True):
        assert np.abs(image[rows].astype(int) - fields[rows]).max() <= 2


@pytest.mark.parametrize("suffix", ["mpg", "ts", "avi"])
def test_mpeg2_of_an_analogue_recorder_has_no_combs(tmp_path: Path, suffix: str) -> None:
    def bar(moment: int) -> np.ndarray:
        image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
        image[TOP:BOTTOM, LEFT + 8 * moment : LEFT + 8 * moment + 10] = 220
        return image

    path = tmp_path / f"camera.{suffix}"
    stored = [woven(bar(2 * i), bar(2 * i + 1)) for i in range(6)]
    with av.open(str(path), "w") as container:
        fields = {"flags": "+ildct+ilme", "qmin": "1", "qmax": "1", "b": "20M", "bf": "0"}
        stream = container.add_stream("mpeg2video", rate=25, options=fields)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index, image in enumerate(stored):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(with_fields(frame, "tff")))
        container.mux(stream.encode(None))
    with open_video(path) as video:
        assert video.info.interlaced
        shown = [frame.image for frame in video.frames()]
    assert len(shown) == len(stored)
    assert min(map(combs, stored)) > 5
    assert max(map(combs, shown)) < 0.5


def test_progressive_frames_are_those_that_were_decoded(progressive: Path) -> None:
    with av.open(str(progressive)) as container:
        frames = list(container.decode(video=0))
    timed = [(float(frame.time), frame) for frame in frames]
    assert list(deinterlaced(iter(timed))) == timed
    with open_video(progressive) as video:
        assert not video.info.interlaced
    for frame, decoded in zip(by_file(progressive), frames, strict=True):
        assert np.array_equal(frame.image, decoded.to_ndarray(format="rgb24"))


def decoded(*paths: Path) -> Iterator[tuple[float, av.VideoFrame]]:
    index = 0
    for path in paths:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield float(index), frame
                index += 1


def test_every_frame_comes_out_once_where_kinds_and_sizes_change(
    interlaced: Path, progressive: Path, tmp_path: Path
) -> None:
    images = [woven(scene(2 * i)[:64], scene(2 * i + 1)[:64]) for i in range(3)]
    smaller = write_lossless(tmp_path / "smaller.mkv", images, "tff")
    parts = [progressive, interlaced, smaller, interlaced, progressive]
    found = list(deinterlaced(decoded(*parts)))
    assert [time for time, _ in found] == list(range(4 * COUNT + 3))
    assert [frame.height for _, frame in found] == [HEIGHT] * 2 * COUNT + [64] * 3 + [
        HEIGHT
    ] * 2 * COUNT
    assert not any(frame.interlaced_frame for _, frame in found)


def test_a_picture_too_small_for_the_filter_stays_as_it_is(tmp_path: Path) -> None:
    image = np.full((2, 16, 3), 90, np.uint8)
    with av.open(str(write_lossless(tmp_path / "tiny.mkv", [image] * 3, "tff"))) as container:
        frames = [(float(i), frame) for i, frame in enumerate(container.decode(video=0))]
    assert list(deinterlaced(iter(frames))) == frames
