"""Augmentation: one draw for a whole window, values by hand.

In: windows of known pixels. Out: the same, changed alike.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from slipdetect.modalities.augment import Augmentation, corner_crop
from slipdetect.modalities.motion_crop import Box

NOTHING = Augmentation(
    scale=1.0,
    shift=(0.0, 0.0),
    flip=False,
    gain=(1.0, 1.0, 1.0),
    offset=0.0,
    grey=False,
    noise=0.0,
    noise_seed=0,
    is_flow=False,
)


def window(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 10, 10, channels), np.uint8)


def test_drawing_nothing_changes_nothing() -> None:
    assert np.array_equal(NOTHING.recolour(window()), window())
    assert NOTHING.move(Box(3, 4, 20), 100, 100) == Box(3, 4, 20)


@pytest.mark.parametrize("seed", range(20))
def test_equal_pictures_stay_equal_but_for_noise(seed: int) -> None:
    """What changes from frame to frame would be motion that is not there."""
    still = np.repeat(window()[:1], 6, axis=0)
    drawn = Augmentation.draw(np.random.default_rng(seed), is_flow=False)
    changed = replace(drawn, noise=0.0).recolour(still)
    assert (changed == changed[:1]).all()


def test_values_by_hand() -> None:
    picture = np.array([[[[100, 128, 200]]]], np.uint8)
    stretched = replace(NOTHING, gain=(0.5, 1.0, 1.25), offset=10.0).recolour(picture)
    assert stretched.ravel().tolist() == [124, 138, 228]
    grey = replace(NOTHING, grey=True).recolour(np.array([[[[30, 60, 90]]]], np.uint8))
    assert grey.ravel().tolist() == [60, 60, 60]
    clipped = replace(NOTHING, gain=(3.0, 3.0, 3.0)).recolour(picture)
    assert clipped.ravel().tolist() == [44, 128, 255]


def test_noise_has_its_deviation_and_comes_from_its_seed() -> None:
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    noisy = replace(NOTHING, noise=4.0, noise_seed=3)
    out = noisy.recolour(grey)
    assert np.array_equal(out, noisy.recolour(grey))
    assert abs(float(out.astype(float).std()) - 4.0) < 0.1
    assert abs(float(out.astype(float).mean()) - 128.0) < 0.6


def test_mirroring_flow_inverts_u_only() -> None:
    flow = window(2)
    mirrored = replace(NOTHING, flip=True, is_flow=True).recolour(flow)
    assert np.array_equal(mirrored[..., 0], 255 - flow[:, :, ::-1, 0])
    assert np.array_equal(mirrored[..., 1], flow[:, :, ::-1, 1])
    assert np.array_equal(flow, window(2))


def test_flow_keeps_its_values_otherwise() -> None:
    changed = replace(NOTHING, gain=(2.0, 2.0, 2.0), offset=9.0, noise=3.0, is_flow=True)
    assert np.array_equal(changed.recolour(window(2)), window(2))


def test_the_crop_never_grows_beyond_the_picture() -> None:
    wide = replace(NOTHING, scale=1.3)
    assert wide.move(Box(0, 0, 90), 90, 100).side == 100
    assert wide.move(Box(0, 0, 100), 90, 100).side == 100
    assert wide.move(Box(0, 0, 50), 90, 100).side == 65


def test_draws_stay_in_their_ranges_and_depend_on_the_generator_only() -> None:
    drawn = [Augmentation.draw(np.random.default_rng(i), is_flow=False) for i in range(300)]
    assert drawn[5] == Augmentation.draw(np.random.default_rng(5), is_flow=False)
    assert all(np.exp(-0.3) <= a.scale <= np.exp(0.3) for a in drawn)
    assert all(max(map(abs, a.shift)) <= 0.15 for a in drawn)
    assert 100 < sum(a.flip for a in drawn) < 200
    assert 30 < sum(a.grey for a in drawn) < 95
    assert 50 < sum(a.noise > 0 for a in drawn) < 130


@pytest.mark.parametrize("is_flow", [False, True])
def test_corner_crop_gives_squares_of_its_size_alike_for_all(is_flow: bool) -> None:
    picture = window(2 if is_flow else 3)
    still = np.repeat(picture[:1], 5, axis=0)
    out = corner_crop(32, is_flow)(still, np.random.default_rng(1))
    assert out.shape == (5, 32, 32, picture.shape[-1])
    assert (out == out[:1]).all()
