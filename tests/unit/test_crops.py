"""Crops of picture groups: sizes and positions by hand, any picture size.

In: small uint8 groups. Out: pass or fail.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from slipdetect.lab.augment.transforms import (
    GroupCenterCrop,
    GroupMultiScaleCrop,
    GroupOverSample,
    GroupRandomCrop,
    crop_sizes,
    fixed_offsets,
)


def group(
    count: int, height: int, width: int, channels: int = 3, seed: int = 0
) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def places(height: int, width: int, count: int = 2) -> NDArray[np.uint8]:
    """Pictures whose pixels tell their own place: channel 0 the column, 1 the row, 2 the time."""
    images = np.zeros((count, height, width, 3), dtype=np.uint8)
    images[..., 0] = np.arange(width)
    images[..., 1] = np.arange(height)[:, np.newaxis]
    images[..., 2] = np.arange(count)[:, np.newaxis, np.newaxis]
    return images


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_crop_sizes_of_the_reports_pictures_by_hand() -> None:
    # 342x256: sides 256, 224, 192, 168 (0.66 * 256 = 168.96); neighbors in the list pair up
    assert crop_sizes(342, 256, 224, (1, 0.875, 0.75, 0.66)) == [
        (256, 256),
        (224, 256),
        (256, 224),
        (224, 224),
        (192, 224),
        (224, 192),
        (192, 192),
        (168, 192),
        (192, 168),
        (168, 168),
    ]
    assert crop_sizes(342, 256, 224, (1, 0.875, 0.75), max_distort=0) == [
        (256, 256),
        (224, 224),
        (192, 192),
    ]
    assert len(crop_sizes(342, 256, 224, (1, 0.875, 0.75), max_distort=2)) == 9


@pytest.mark.parametrize(
    ("short", "expected"), [(221, 221), (222, 224), (226, 224), (227, 227), (223, 224)]
)
def test_sides_less_than_3_px_off_are_snapped(short: int, expected: int) -> None:
    # a snapped side never grows beyond the picture
    assert crop_sizes(400, short, 224, (1.0,)) == [(min(expected, short),) * 2]


def test_fixed_offsets_by_hand() -> None:
    # room 342 - 224 = 118 by 256 - 224 = 32: steps of 29 and 8
    five = [(0, 0), (116, 0), (0, 32), (116, 32), (58, 16)]
    assert fixed_offsets(342, 256, 224, 224, more=False) == five
    edges = [(0, 16), (116, 16), (58, 32), (58, 0)]
    quarters = [(29, 8), (87, 8), (29, 24), (87, 24)]
    thirteen = fixed_offsets(342, 256, 224, 224, more=True)
    assert sorted(thirteen) == sorted(five + edges + quarters)
    assert thirteen[:5] == five
    assert len(set(thirteen)) == 13


SIDES = st.integers(1, 400)


@given(SIDES, SIDES, SIDES, st.integers(0, 3))
def test_every_fixed_crop_lies_inside_the_picture(
    width: int, height: int, size: int, max_distort: int
) -> None:
    scales = (1, 0.875, 0.75, 0.66)
    for crop_width, crop_height in crop_sizes(width, height, size, scales, max_distort):
        assert crop_width >= 1
        assert crop_height >= 1
        for left, top in fixed_offsets(width, height, crop_width, crop_height, more=True):
            assert 0 <= left <= width - crop_width
            assert 0 <= top <= height - crop_height


def test_multi_scale_crop_without_resizing_is_a_slice() -> None:
    images = places(60, 80)
    crop = GroupMultiScaleCrop(60, scales=(1.0,))
    seen = set()
    for seed in range(40):
        out = crop(images, rng(seed))
        left = int(out[0, 0, 0, 0])
        np.testing.assert_array_equal(out, images[:, :, left : left + 60])
        seen.add(left)
    assert seen == {0, 5, 10, 15, 20}


@pytest.mark.parametrize("shape", [(60, 80), (80, 60), (5, 9), (1, 1), (300, 40)])
@pytest.mark.parametrize("options", [{}, {"more_fix_crop": False}, {"fix_crop": False}])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_multi_scale_crop_of_any_picture_has_the_size_asked_for(
    shape: tuple[int, int], options: dict[str, Any], channels: int
) -> None:
    for seed in range(8):
        out = GroupMultiScaleCrop(32, **options)(group(3, *shape, channels), rng(seed))
        assert out.shape == (3, 32, 32, channels)
        assert out.dtype == np.uint8
        assert out.flags.c_contiguous


def test_multi_scale_crop_draws_places_and_sizes() -> None:
    # a ramp of one level per column: a crop's levels tell where it lies and how wide it is
    ramp = places(200, 250, count=1)
    crop = GroupMultiScaleCrop(100, scales=(1.0, 0.5))
    widths, lefts = set(), set()
    for seed in range(200):
        row = crop(ramp, rng(seed))[0, 0, :, 0].astype(float)
        widths.add(round((row[-1] - row[0]) / 99 * 100, -1))
        lefts.add(round(row[0], -1))
    assert widths == {100.0, 200.0}
    assert len(lefts) >= 5


def test_random_crops_reach_both_ends() -> None:
    images = places(6, 7)
    for crop in (GroupRandomCrop(5), GroupMultiScaleCrop(5, scales=(5 / 6,), fix_crop=False)):
        seen = set()
        for seed in range(200):
            out = crop(images, rng(seed))
            left, top = int(out[0, 0, 0, 0]), int(out[0, 0, 0, 1])
            np.testing.assert_array_equal(out, images[:, top : top + 5, left : left + 5])
            seen.add((left, top))
        assert seen == {(left, top) for left in (0, 1, 2) for top in (0, 1)}


def test_center_crop_by_hand() -> None:
    images = places(6, 9)
    np.testing.assert_array_equal(GroupCenterCrop(4)(images), images[:, 1:5, 2:6])


@pytest.mark.parametrize("crop", [GroupCenterCrop(40), GroupRandomCrop(40)])
def test_pictures_smaller_than_the_crop_are_scaled_up_first(crop: Any) -> None:
    constant = np.full((2, 10, 30, 3), 77, dtype=np.uint8)
    out = crop(constant, rng())
    assert out.shape == (2, 40, 40, 3)
    assert np.all(out == 77)
    # 10x30 becomes 40x120, of which 40 columns are a third of the picture
    ramp = np.zeros((1, 10, 30, 3), dtype=np.uint8)
    ramp[...] = (np.arange(30) * 8)[:, np.newaxis]
    row = crop(ramp, rng())[0, 0, :, 0].astype(int)
    assert 70 <= row[-1] - row[0] <= 82


def test_ten_crops_in_the_reference_order() -> None:
    images = places(5, 8)
    out = GroupOverSample(4)(images)
    assert out.shape == (10, 2, 4, 4, 3)
    for index, (left, top) in enumerate([(0, 0), (4, 0), (0, 0), (4, 0), (2, 0)]):
        plain = images[:, top : top + 4, left : left + 4]
        np.testing.assert_array_equal(out[2 * index], plain)
        np.testing.assert_array_equal(out[2 * index + 1], plain[:, :, ::-1])


def test_ten_crops_reach_the_corners() -> None:
    images = places(8, 12)
    out = GroupOverSample(4, flip=False)(images)
    assert out.shape == (5, 2, 4, 4, 3)
    corners = [tuple(int(v) for v in crop[0, 0, 0, :2]) for crop in out]
    assert corners == [(0, 0), (8, 0), (0, 4), (8, 4), (4, 2)]


def test_ten_crops_of_flow_turn_u_and_keep_v() -> None:
    flow = group(5, 8, 8, channels=2)
    out = GroupOverSample(4, is_flow=True)(flow)
    for index in range(0, 10, 2):
        mirrored = out[index][:, :, ::-1]
        np.testing.assert_array_equal(out[index + 1][..., 0], 255 - mirrored[..., 0])
        np.testing.assert_array_equal(out[index + 1][..., 1], mirrored[..., 1])
