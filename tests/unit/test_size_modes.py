"""Size modes: their names, their sizes by hand, what becomes of portrait pictures.

In: pictures of known colors. Out: nothing but assertions.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import UsageError
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.video import open_video
from synth import bars, make_video

TEXTS = ["native", "course2020", "short:256", "short:2", "letterbox:342x256", "letterbox:2x8192"]


def plain(width: int, height: int, color: int = 200) -> np.ndarray:
    return np.full((height, width, 3), color, np.uint8)


def size_of(image: np.ndarray) -> tuple[int, int]:
    assert image.dtype == np.uint8
    assert image.shape[2] == 3
    return image.shape[1], image.shape[0]


@pytest.mark.parametrize("text", TEXTS)
def test_a_mode_gives_back_its_text(text: str) -> None:
    mode = SizeMode.parse(text)
    assert str(mode) == text
    assert SizeMode.parse(str(mode)) == mode


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "Course2020",
            " course2020",
            "course2020 ",
            "course2020\n",
            "course2020:256",
            "native:1",
            "short",
            "short:",
            "short:1",
        ),
        *("short:0", "short:-2", "short:256.0", "short:0256", "short:8193", "short:99999999999"),
        *(
            "short:256x256",
            "short:²",
            "short:٣٣",
            "letterbox",
            "letterbox:342",
            "letterbox:342X256",
        ),
        *("letterbox:342x1", "letterbox:342x256x3", "letterbox:x256", "square:256", "x" * 999),
    ],
)
def test_anything_else_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        SizeMode.parse(text)
    message = str(caught.value)
    assert "native, course2020, short:256 or letterbox:342x256" in message
    assert "\n" not in message
    assert len(message) < 250
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("kind", "sides"),
    [("course2020", (342, 256)), ("short", ()), ("letterbox", (9,)), ("wide", (9,))],
)
def test_a_mode_made_by_hand_is_checked_too(kind: str, sides: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="letterbox:342x256"):
        SizeMode(kind, sides)


def test_only_short_lets_the_reader_scale() -> None:
    assert [SizeMode.parse(text).short_side for text in TEXTS] == [None, None, 256, 2, None, None]


def test_native_is_the_picture_itself() -> None:
    image = plain(161, 121)
    assert SizeMode.parse("native").apply(image) is image


@pytest.mark.parametrize(
    ("size", "short_side", "expected"),
    [
        ((640, 480), 256, (342, 256)),  # 640 * 256 / 480 = 341.3, the nearest even is 342
        ((480, 640), 256, (256, 342)),
        ((1920, 1080), 256, (456, 256)),  # 455.1
        ((320, 240), 256, (320, 240)),  # never enlarged
        ((161, 121), 256, (160, 120)),  # even sides
        ((640, 480), 255, (338, 254)),  # 254 is the even side below: 640 * 254 / 480 = 338.7
    ],
)
def test_short_sizes_by_hand(
    size: tuple[int, int], short_side: int, expected: tuple[int, int]
) -> None:
    assert size_of(SizeMode("short", (short_side,)).apply(plain(*size))) == expected


@pytest.mark.parametrize("size", [(128, 96), (96, 128), (130, 74)])
@pytest.mark.parametrize("short_side", [31, 48, 500])
@pytest.mark.parametrize("aspect", [Fraction(1), Fraction(4, 3)])
def test_short_agrees_with_the_reader(
    tmp_path: Path, size: tuple[int, int], short_side: int, aspect: Fraction
) -> None:
    truth = make_video(tmp_path / "a.mp4", count=2, size=size, aspect=aspect)
    mode = SizeMode("short", (short_side,))
    with open_video(truth.path) as video:
        shown = (video.info.width, video.info.height)
        scaled = [frame.image for frame in video.frames(short_side=mode.short_side)]
    with open_video(truth.path) as video:
        stored = [frame.image for frame in video.frames()]
    for reader, raw in zip(scaled, stored, strict=True):
        ours = mode.apply(raw, shown)
        assert ours.shape == reader.shape
        assert np.abs(ours.astype(float) - reader).mean() < 2
        assert mode.apply(reader) is reader


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (300, 300), (64, 48), (1000, 200)])
def test_S10_course2020_stretches_landscape_to_342x256_without_bars(size: tuple[int, int]) -> None:
    image = SizeMode.parse("course2020").apply(plain(*size))
    assert size_of(image) == (342, 256)
    assert (image == 200).all()


@pytest.mark.parametrize(
    ("size", "left", "right"),
    [
        # a square of 640 holds 480 columns between 80 and 560: 80 * 342 / 640 = 42.75, 299.25
        ((480, 640), 42.75, 299.25),
        ((360, 640), 74.8125, 267.1875),  # 140 to 500 of 640
        ((60, 80), 42.75, 299.25),  # enlarged
        ((405, 720), 74.575, 266.95),  # 157 columns of black on the left, 158 on the right
    ],
)
def test_S10_course2020_pads_portrait_to_a_square_first(
    size: tuple[int, int], left: float, right: float
) -> None:
    image = SizeMode.parse("course2020").apply(plain(*size))
    assert size_of(image) == (342, 256)
    blur = 3 if size[0] < 256 else 1
    assert not image[:, : int(left) - blur].any()
    assert not image[:, int(right) + 1 + blur :].any()
    assert (image[:, int(left) + 1 + blur : int(right) - blur] == 200).all()
    # the light of all columns together, edges included, is that of the picture's own width
    assert image.mean(axis=(0, 2)).sum() / 200 == pytest.approx(right - left, abs=0.5)


def test_course2020_equals_padding_and_stretching_in_a_plain_loop() -> None:
    rng = np.random.default_rng(0)
    height, width = 512, 300
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    square = np.zeros((height, height, 3))
    square[:, 106:406] = image
    expected = np.zeros((256, 342, 3))
    step = height / 342
    for column in range(342):
        start, end = column * step, (column + 1) * step
        for source in range(int(start), min(int(np.ceil(end)), height)):
            share = min(end, source + 1) - max(start, source)
            rows = (square[0::2, source] + square[1::2, source]) / 2
            expected[:, column] += rows * share / step
    ours = SizeMode.parse("course2020").apply(image)
    assert np.abs(ours - expected).max() <= 1.01


@pytest.mark.parametrize(
    ("size", "box", "inner"),
    [
        ((640, 360), (342, 256), (342, 192)),  # 360 * 342 / 640 = 192.4
        ((360, 640), (342, 256), (144, 256)),
        ((64, 48), (342, 256), (341, 256)),  # enlarged: 64 * 256 / 48 = 341.3
        ((342, 256), (342, 256), (342, 256)),
        ((4000, 2), (342, 256), (342, 1)),  # never thinner than a pixel
    ],
)
def test_letterbox_sizes_by_hand(
    size: tuple[int, int], box: tuple[int, int], inner: tuple[int, int]
) -> None:
    image = SizeMode("letterbox", box).apply(plain(*size))
    assert size_of(image) == box
    left, top = (box[0] - inner[0]) // 2, (box[1] - inner[1]) // 2
    inside = image[top : top + inner[1], left : left + inner[0]]
    assert (inside == 200).all()
    assert int((image == 200).all(axis=2).sum()) == inner[0] * inner[1]
    assert int((image == 0).all(axis=2).sum()) == box[0] * box[1] - inner[0] * inner[1]


def test_letterbox_averages_when_it_shrinks() -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (64, 96, 3)).astype(np.uint8)
    ours = SizeMode("letterbox", (24, 32)).apply(image)
    for row in range(16):
        for column in range(24):
            block = image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4].astype(float)
            assert ours[row + 8, column] == pytest.approx(block.mean(axis=(0, 1)), abs=0.51)


@pytest.mark.parametrize("text", ["course2020", "letterbox:342x256"])
def test_F20_pixel_aspect_counts(text: str) -> None:
    """96 x 128 stored pixels shown as 192 x 128 are landscape: no bars left and right."""
    stored = plain(96, 128)
    assert not SizeMode.parse(text).apply(stored)[:, 0].any()
    assert SizeMode.parse(text).apply(stored, (192, 128))[128, 0].all()


def test_S10_course2020_keeps_portrait_pixels_upright_when_they_are_not_square() -> None:
    """96 x 128 stored, shown as 64 x 128: half of the square is picture."""
    image = SizeMode.parse("course2020").apply(plain(96, 128), (64, 128))
    assert image.mean(axis=(0, 2)).sum() / 200 == pytest.approx(171, abs=1)


@pytest.mark.parametrize("text", TEXTS[1:-1])
def test_pictures_are_not_changed_in_place(text: str) -> None:
    image = bars(0b10110010, 96, 128)
    before = image.copy()
    result = SizeMode.parse(text).apply(image)
    assert (image == before).all()
    assert result.flags.c_contiguous


@pytest.mark.parametrize("text", ["course2020", "letterbox:342x256"])
def test_colors_stay_in_order(text: str) -> None:
    image = np.zeros((480, 640, 3), np.uint8)
    image[:, :] = (250, 120, 10)
    assert tuple(SizeMode.parse(text).apply(image)[128, 171]) == (250, 120, 10)


def test_a_very_thin_picture_costs_no_square_of_its_height() -> None:
    assert size_of(SizeMode.parse("course2020").apply(plain(20, 40_000))) == (342, 256)
