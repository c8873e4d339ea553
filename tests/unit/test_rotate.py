"""Rotation: quarter turns exactly, flow against motion that is worked out, crops turned in place.

In: synthetic pictures and flow fields of known motion. Out: pass or fail.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.flow.extractor import dequantize, quantize
from slipdetect.lab.augment.rotate import (
    rotate_images,
    rotate_vectors,
    rotated_crop,
    scale_vectors,
)
from slipdetect.lab.augment.transforms import GroupRandomRotation
from slipdetect.modalities.snippet import Box, cut

BOUND = 15.0
STEP = 2 * BOUND / 255


def turned(vector: np.ndarray, degrees: float) -> np.ndarray:
    """Turn (x right, y down) counterclockwise as seen: with y down the sines change sign."""
    angle = math.radians(degrees)
    x, y = vector
    return np.array(
        [math.cos(angle) * x + math.sin(angle) * y, -math.sin(angle) * x + math.cos(angle) * y]
    )


def noise(height: int, width: int, channels: int = 3, count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, channels), np.uint8)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_exact(turns: int) -> None:
    images = noise(12, 12)
    out = rotate_images(images, 90.0 * turns if turns < 3 else -90.0)
    assert np.array_equal(out, np.rot90(images, turns, axes=(1, 2)))


def test_a_quarter_turn_of_flow_moves_and_turns_every_vector() -> None:
    """Counterclockwise: what went right goes up, what went down goes right."""
    flow = noise(9, 9, 2)
    flow[:, 3] = 128
    out = rotate_images(flow, 90.0, is_flow=True)
    moved = np.rot90(flow, 1, axes=(1, 2))
    for index in np.ndindex(moved.shape[:3]):
        u, v = (int(value) for value in moved[index])
        assert out[index].tolist() == ([128, 128] if (u, v) == (128, 128) else [v, 255 - u])


def test_half_a_turn_of_flow_is_both_mirrorings() -> None:
    flow = noise(8, 10, 2)
    out = rotate_images(flow, 180.0, is_flow=True)
    assert np.array_equal(out, 255 - flow[:, ::-1, ::-1])


def blob(x: float, y: float, side: int = 81) -> np.ndarray:
    """A soft bright spot on mid-gray."""
    rows, columns = np.mgrid[:side, :side]
    spot = 120 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 3.0**2))
    return np.repeat(np.round(128 + spot).astype(np.uint8)[..., None], 3, axis=-1)


def place_of(image: np.ndarray) -> np.ndarray:
    weights = np.clip(image[..., 0].astype(float) - 130, 0, None)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    return np.array([(weights * columns).sum(), (weights * rows).sum()]) / weights.sum()


@pytest.mark.parametrize("degrees", [-160.0, -37.0, -5.0, 12.5, 60.0, 135.0])
def test_turned_flow_is_the_flow_of_turned_pictures(degrees: float) -> None:
    """A spot moves; the pictures are turned and its motion is measured in them."""
    start, motion = np.array([46.0, 31.0]), np.array([6.0, 3.5])
    pictures = np.stack([blob(*start), blob(*(start + motion))])
    out = rotate_images(pictures, degrees)
    seen = place_of(out[1]) - place_of(out[0])
    np.testing.assert_allclose(seen, turned(motion, degrees), atol=0.1)

    field = np.zeros((1, 81, 81, 2), np.float32)
    near = np.hypot(*(np.mgrid[:81, :81] - start[::-1, None, None])) < 9
    field[0, near] = motion
    flow = rotate_images(quantize(field, BOUND), degrees, is_flow=True)
    x, y = np.round(place_of(out[0])).astype(int)
    np.testing.assert_allclose(dequantize(flow, BOUND)[0, y, x], seen, atol=0.1 + STEP)
    assert (flow[0, ~np.isin(np.arange(81), range(y - 14, y + 15))] == 128).all()


@pytest.mark.parametrize("degrees", [-75.0, 20.0, 140.0])
def test_a_turned_field_is_the_field_worked_out(degrees: float) -> None:
    """Of f(x) = A (x - center) + t the turned field is R A R' (x - center) + R t."""
    gradient, shift = np.array([[0.15, 0.02], [-0.05, -0.1]]), np.array([2.0, -1.0])
    side, center = 41, 20.0
    rows, columns = np.mgrid[:side, :side]
    offsets = np.stack([columns - center, rows - center], axis=-1)
    flow = quantize((offsets @ gradient.T + shift)[None], BOUND)
    got = dequantize(rotate_images(flow, degrees, is_flow=True), BOUND)[0]
    turn = np.column_stack([turned(axis, degrees) for axis in np.eye(2)])
    wanted = offsets @ (turn @ gradient @ turn.T).T + turn @ shift
    inside = np.hypot(offsets[..., 0], offsets[..., 1]) < 18
    assert np.abs(got - wanted)[inside].max() < 2.1 * STEP


@given(st.floats(-180, 180), st.integers(0, 255), st.integers(0, 255))
def test_vectors_turn_as_by_hand_and_clip(degrees: float, u: int, v: int) -> None:
    flow = np.full((1, 1, 1, 2), (u, v), np.uint8)
    got = rotate_vectors(flow, degrees)[0, 0, 0]
    if (u, v) == (128, 128):
        assert got.tolist() == [128, 128]
        return
    wanted = np.clip(127.5 + turned(np.array([u - 127.5, v - 127.5]), degrees), 0, 255)
    assert np.abs(got - wanted).max() <= 0.5 + 1e-4


@given(st.floats(-180, 180))
def test_turning_there_and_back_keeps_vectors_that_were_not_clipped(degrees: float) -> None:
    flow = noise(6, 6, 2)
    flow = 128 + (flow.astype(int) - 128) * 2 // 3
    back = rotate_vectors(rotate_vectors(flow.astype(np.uint8), degrees), -degrees)
    assert np.abs(back.astype(int) - flow).max() <= 2


def test_what_comes_into_view_is_mid_gray_and_still() -> None:
    for channels, is_flow in ((3, False), (2, True)):
        out = rotate_images(np.full((2, 20, 20, channels), 250, np.uint8), 45.0, is_flow)
        assert (out[:, 0, 0] == 128).all()
        assert (out[:, -1, -1] == 128).all()
        assert (out[:, 10, 10] != 128).any()


def test_still_flow_stays_still_at_every_angle() -> None:
    still = np.full((1, 16, 16, 2), 128, np.uint8)
    for degrees in np.linspace(-180, 180, 37):
        assert (rotate_images(still, degrees, is_flow=True) == 128).all()


@pytest.mark.parametrize("box", [Box(10, 6, 20), Box(-8, -5, 30), Box(30, 25, 30), Box(4, 4, 8)])
def test_a_crop_turned_by_next_to_nothing_is_the_plain_crop(box: Box) -> None:
    rows, columns = np.mgrid[:40, :50]
    smooth = np.stack([columns * 3, rows * 4, 250 - rows - columns], axis=-1).astype(np.uint8)
    images = np.stack([smooth, smooth[::-1]])
    place = (box.left, box.top, box.side, box.side)
    got = rotated_crop(images, place, 20, 1e-4, is_flow=False).astype(int)
    wanted = cut(images, box, 20).astype(int)
    inside = np.ones((20, 20), bool)
    for axis, start, extent in ((1, box.left, 50), (0, box.top, 40)):
        at = start + (np.arange(20) + 0.5) * box.side / 20
        keep = (at > 2) & (at < extent - 2)
        inside &= keep if axis == 1 else keep[:, None]
    assert inside.any()
    assert np.abs(got - wanted)[:, inside].max() <= 2
    # a pixel or two beyond the picture it is 128, with a seam of mixed pixels between
    outside = np.zeros((20, 20), bool)
    for axis, start, extent in ((1, box.left, 50), (0, box.top, 40)):
        at = start + (np.arange(20) + 0.5) * box.side / 20
        off = (at < -2) | (at > extent + 2)
        outside |= off if axis == 1 else off[:, None]
    assert (got[:, outside] == 128).all()


def test_a_turned_crop_takes_what_is_there_instead_of_gray() -> None:
    images = np.full((1, 60, 60, 3), 30, np.uint8)
    out = rotated_crop(images, (20.0, 20.0, 20.0, 20.0), 20, 45.0, is_flow=False)
    assert (out == 30).all()


def test_a_turned_crop_of_a_large_picture_does_not_alias() -> None:
    """Stripes of one pixel, shrunk to an eighth, are gray, not stripes."""
    images = np.zeros((1, 160, 160, 3), np.uint8)
    images[:, :, ::2] = 200
    out = rotated_crop(images, (0.0, 0.0, 160.0, 160.0), 20, 10.0, is_flow=False)
    assert np.abs(out[0, 6:14, 6:14].astype(int) - 100).max() <= 2


def test_the_aspect_of_a_turned_crop_is_that_of_the_plain_one() -> None:
    """A crop twice as wide as high is squeezed first: by a quarter turn its right side is up."""
    images = noise(40, 40)
    plain = rotated_crop(images, (0.0, 10.0, 40.0, 20.0), 20, 0.0, is_flow=False)
    turned_crop = rotated_crop(images, (0.0, 10.0, 40.0, 20.0), 20, 90.0, is_flow=False)
    assert np.abs(turned_crop.astype(int) - np.rot90(plain, 1, axes=(1, 2))).max() <= 1


def test_scaling_vectors_by_hand() -> None:
    flow = np.array([[[[128, 128], [138, 118], [250, 5]]]], np.uint8)
    # 127.5 + 2 (138 - 127.5) = 148.5, half to even
    assert scale_vectors(flow, 2.0)[0, 0].tolist() == [[128, 128], [148, 108], [255, 0]]


@pytest.mark.parametrize("is_flow", [False, True])
def test_the_group_transform_draws_one_angle_for_all(is_flow: bool) -> None:
    images = np.repeat(noise(20, 30, 2 if is_flow else 3, 1), 5, axis=0)
    transform = GroupRandomRotation(25.0, is_flow)
    before = images.copy()
    for seed in range(5):
        out = transform(images, np.random.default_rng(seed))
        assert (out == out[:1]).all()
        angle = np.random.default_rng(seed).uniform(-25.0, 25.0)
        assert np.array_equal(out, rotate_images(images, angle, is_flow))
    assert np.array_equal(images, before)
    nothing = GroupRandomRotation(0.0, is_flow)(images, np.random.default_rng(0))
    assert np.array_equal(nothing, images)


@pytest.mark.parametrize("degrees", [-1.0, 181.0, math.nan])
def test_angles_that_make_no_sense_are_refused(degrees: float) -> None:
    with pytest.raises(UsageError, match=r"0\.\.180"):
        GroupRandomRotation(degrees)


def test_pictures_of_the_wrong_kind_are_refused() -> None:
    with pytest.raises(UsageError, match="2 channels"):
        rotate_images(noise(8, 8), 10.0, is_flow=True)
