"""The crop to the moving region, on scenes whose motion is known.

In: a still, textured, noisy picture with a square that moves. Out: boxes and cuts.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.modalities.snippet import (
    Box,
    center_box,
    cut,
    motion_box,
    motion_profile,
    thumbnail,
)

Images = npt.NDArray[np.uint8]


def room(height: int, width: int, seed: int = 0) -> Images:
    """A still background with texture at every scale."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(60, 140, (height // 20 + 1, width // 20 + 1, 3))
    return coarse.repeat(20, 0).repeat(20, 1)[:height, :width].astype(np.uint8)


def scene(
    height: int, width: int, path: list[tuple[int, int]], side: int, noise: float = 3.0
) -> list[Images]:
    """A bright square whose top left corner follows ``path`` (x, y), seen by a noisy camera."""
    rng = np.random.default_rng(7)
    pictures = []
    for x, y in path:
        picture = room(height, width).astype(np.float64)
        picture[y : y + side, x : x + side] = 230
        picture += rng.normal(0, noise, picture.shape)
        pictures.append(np.clip(np.rint(picture), 0, 255).astype(np.uint8))
    return pictures


def box_of(pictures: list[Images]) -> Box:
    small = [thumbnail(picture) for picture in pictures]
    profiles = [motion_profile(a, b) for a, b in itertools.pairwise(small)]
    return motion_box(profiles, *pictures[0].shape[:2])


@pytest.mark.parametrize(
    ("height", "width"), [(240, 426), (240, 320), (426, 240), (240, 240), (60, 80)]
)
@pytest.mark.parametrize("place", ["left", "middle", "right bottom"])
def test_the_box_holds_what_moves_and_is_centered_on_it(
    height: int, width: int, place: str
) -> None:
    side = min(height, width) // 6
    travel = side  # the square moves right by its own side, so motion spans two sides
    spare_x, spare_y = width - side - travel, height - side
    x0, y0 = {
        "left": (0, spare_y // 2),
        "middle": (spare_x // 2, spare_y // 2),
        "right bottom": (spare_x, spare_y),
    }[place]
    path = [(x0 + travel * k // 6, y0) for k in range(7)]
    box = box_of(scene(height, width, path, side))
    cell = height / 60
    # energy is even along the path's two sides but for the ends; the inner 92% counts
    assert box.left <= x0 + 0.15 * side + cell
    assert box.left + box.side >= x0 + 1.85 * side - cell
    assert box.top <= y0 + 0.15 * side + cell
    assert box.top + box.side >= y0 + 0.85 * side - cell
    # side: 1.35 of two sides, at least 0.3 of the picture; here 2 * 1.35 / 6 = 0.45 of it
    assert 0.3 * min(height, width) - 1 <= box.side <= 2 * side * 1.35 + 4 * cell
    if place == "middle":
        assert abs(box.left + box.side / 2 - (x0 + side)) <= 0.2 * side + 2 * cell
        assert abs(box.top + box.side / 2 - (y0 + side / 2)) <= 0.2 * side + 2 * cell
    assert box.left >= 0
    assert box.top >= 0
    assert box.left + box.side <= width
    assert box.top + box.side <= height


def test_the_box_by_hand() -> None:
    """One bright cell moves from column 20 to 40 of 60 x 60 cells: 4% to 96% is both of them."""
    before, after = np.full((60, 60), 50.0, np.float32), np.full((60, 60), 50.0, np.float32)
    before[30, 20], after[30, 40] = 208, 208
    profile = motion_profile(before, after)
    assert profile.columns[20] == profile.columns[40] == 150.0
    assert profile.columns.sum() == profile.rows.sum() == profile.rows[30] == 300.0
    # columns 20 to 41 (exclusive) of 4 px: 80 to 164, side 84 * 1.35 = 113.4, center 122;
    # row 30: 120 to 124, center 122; 122 - 56.7 = 65.3
    assert motion_box([profile], 240, 240) == Box(65, 65, 113)


def test_a_small_motion_gets_the_smallest_box() -> None:
    before, after = np.zeros((60, 60), np.float32), np.zeros((60, 60), np.float32)
    after[30, 30] = 100
    assert motion_box([motion_profile(before, after)], 240, 240) == Box(86, 86, 72)


def test_a_still_noisy_picture_gives_the_center() -> None:
    pictures = scene(240, 426, [(100, 100)] * 12, 40, noise=6.0)
    assert box_of(pictures) == center_box(240, 426) == Box(93, 0, 240)
    assert motion_box([], 240, 426) == center_box(240, 426)


def test_motion_everywhere_is_capped_at_the_long_side() -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (48, 80, 3), np.uint8) for _ in range(4)]
    assert box_of(pictures) == Box(0, -16, 80)


def test_the_same_scene_at_twice_the_size_gives_twice_the_box() -> None:
    path = [(40 + 4 * k, 60 + 2 * k) for k in range(10)]
    small = box_of(scene(120, 160, path, 24, noise=0.0))
    doubled = [p.repeat(2, 0).repeat(2, 1) for p in scene(120, 160, path, 24, noise=0.0)]
    large = box_of(doubled)
    for name in ("left", "top", "side"):
        assert abs(2 * getattr(small, name) - getattr(large, name)) <= 2


@pytest.mark.parametrize("side", [33, 47, 64, 90, 128, 150])
@pytest.mark.parametrize("channels", [2, 3])
def test_shrinking_is_nearly_the_area_average(side: int, channels: int) -> None:
    rng = np.random.default_rng(side)
    coarse = rng.integers(0, 256, (12, 12, channels), np.uint8)
    image = cv2.resize(coarse, (160, 160), interpolation=cv2.INTER_CUBIC)
    made = cut(image[None], Box(3, 5, side), 32)[0].astype(np.float64)
    part = image[5 : 5 + side, 3 : 3 + side].astype(np.float64)
    wanted = np.empty((32, 32, channels))
    for row, column in np.ndindex(32, 32):
        # each side of a target pixel lies somewhere in a source pixel, which counts by its share
        shares = []
        for place in (row, column):
            low, high = place * side / 32, (place + 1) * side / 32
            edges = np.arange(side)
            shares.append(np.clip(np.minimum(edges + 1, high) - np.maximum(edges, low), 0, 1))
        weights = np.outer(*shares) / np.outer(*shares).sum()
        wanted[row, column] = (weights[..., None] * part).sum((0, 1))
    assert float(np.sqrt(((made - wanted) ** 2).mean())) < 0.03 * float(wanted.std())


@pytest.mark.parametrize("channels", [2, 3])
def test_cutting_inside_at_the_size_is_slicing(channels: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 40, 60, channels), np.uint8)
    assert np.array_equal(cut(images, Box(10, 5, 24), 24), images[:, 5:29, 10:34])


def test_what_lies_outside_is_gray() -> None:
    images = np.random.default_rng(0).integers(0, 256, (2, 20, 30, 3), np.uint8)
    out = cut(images, Box(-4, 10, 16), 16)
    assert np.array_equal(out[:, :10, 4:], images[:, 10:20, :12])
    assert (out[:, :, :4] == 128).all()
    assert (out[:, 10:] == 128).all()


@settings(max_examples=150)
@given(st.integers(-80, 80), st.integers(-80, 80), st.integers(1, 60))
def test_any_box_can_be_cut(left: int, top: int, side: int) -> None:
    images = np.random.default_rng(1).integers(0, 127, (2, 20, 30, 3), np.uint8)
    out = cut(images, Box(left, top, side), side)
    wanted = np.full((2, side, side, 3), 128, np.uint8)
    for y in range(side):
        for x in range(side):
            if 0 <= top + y < 20 and 0 <= left + x < 30:
                wanted[:, y, x] = images[:, top + y, left + x]
    assert np.array_equal(out, wanted)


def test_jitter_scales_about_the_center_and_shifts_by_shares_of_the_side() -> None:
    assert Box(10, 20, 40).jittered(0.5, 0.0, 0.0) == Box(20, 30, 20)
    assert Box(10, 20, 40).jittered(1.0, 0.1, -0.25) == Box(14, 10, 40)
    assert Box(0, 0, 10).jittered(0.1, 0.0, 0.0).side == 8


def test_thumbnails_are_area_means() -> None:
    picture = np.zeros((120, 240, 3), np.uint8)
    picture[:, 100:] = 90
    small = thumbnail(picture)
    assert small.shape == (60, 120)
    assert small[:, :50].max() == 0
    assert small[:, 50:].min() == 90
    assert thumbnail(np.zeros((40, 30, 3), np.uint8)).shape == (40, 30)


def test_thumbnails_are_the_mean_of_the_colors_to_the_bit() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (60, 90, 3), np.uint8)
    assert np.array_equal(thumbnail(picture), picture.mean(axis=2, dtype=np.float32))
