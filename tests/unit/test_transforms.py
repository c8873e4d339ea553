"""Group transforms: geometry by hand, one draw for all pictures, flow turned rightly.

In: small uint8 groups. Out: pass or fail.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.lab.augment.transforms import (
    Compose,
    GroupCenterCrop,
    GroupColorJitter,
    GroupMultiScaleCrop,
    GroupOverSample,
    GroupRandomCrop,
    GroupRandomHorizontalFlip,
    GroupRandomRotation,
    GroupScale,
)


def group(
    count: int, height: int, width: int, channels: int = 3, seed: int = 0
) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_flip_of_flow_by_plain_loops() -> None:
    flow = group(2, 3, 4, channels=2)
    flip = GroupRandomHorizontalFlip(is_flow=True)
    seed = next(s for s in range(99) if not np.array_equal(flip(flow, rng(s)), flow))
    out = flip(flow, rng(seed))
    for t, y, x in np.ndindex(2, 3, 4):
        assert out[t, y, x, 0] == 255 - int(flow[t, y, 3 - x, 0])
        assert out[t, y, x, 1] == flow[t, y, 3 - x, 1]


def test_flip_mirrors_all_pictures_or_none_half_of_the_time() -> None:
    images = group(4, 3, 5)
    before = images.copy()
    mirrored = 0
    generator = rng()
    for _ in range(400):
        out = GroupRandomHorizontalFlip()(images, generator)
        if np.array_equal(out, before):
            continue
        np.testing.assert_array_equal(out, before[:, :, ::-1])
        mirrored += 1
    assert 150 < mirrored < 250
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    ("shape", "short_side", "expected"),
    [
        ((256, 342), 128, (128, 171)),
        ((342, 256), 128, (171, 128)),
        # 100 * 342 / 256 = 133.6, rounded down
        ((256, 342), 100, (100, 133)),
        ((50, 50), 80, (80, 80)),
        ((30, 40), 30, (30, 40)),
    ],
)
def test_scale_sets_the_shorter_side(
    shape: tuple[int, int], short_side: int, expected: tuple[int, int]
) -> None:
    assert GroupScale(short_side)(group(2, *shape)).shape == (2, *expected, 3)


def test_halving_is_the_mean_of_four_pixels() -> None:
    images = group(2, 8, 12)
    out = GroupScale(4)(images)
    for t, y, x, c in np.ndindex(*out.shape):
        mean = images[t, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c].astype(float).mean()
        assert abs(int(out[t, y, x, c]) - mean) <= 0.5


def test_jitter_by_plain_loops() -> None:
    images = group(2, 3, 4)
    out = GroupColorJitter(0.3, 0.4, 0.5)(images, rng(5))
    draw = rng(5).uniform(-1, 1, 3)
    brightness, contrast, saturation = 1 + np.array([0.3, 0.4, 0.5]) * draw

    def luma(p: list[float]) -> float:
        return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]

    def blend(base: float, value: float, factor: float) -> float:
        return min(max(base + (value - base) * factor, 0.0), 255.0)

    pixels = {i: [blend(0.0, float(v), brightness) for v in images[i]] for i in np.ndindex(2, 3, 4)}
    mean = sum(luma(p) for p in pixels.values()) / len(pixels)
    for index, pixel in pixels.items():
        contrasted = [blend(mean, v, contrast) for v in pixel]
        gray = luma(contrasted)
        for channel in range(3):
            expected = blend(gray, contrasted[channel], saturation)
            assert abs(int(out[index][channel]) - expected) <= 0.51


def test_jitter_keeps_still_pictures_still_and_nothing_by_zero_amounts() -> None:
    still = np.repeat(group(1, 6, 7), 6, axis=0)
    out = GroupColorJitter(0.4, 0.4, 0.4)(still, rng(1))
    assert not np.array_equal(out, still)
    assert np.all(out == out[:1])
    np.testing.assert_array_equal(GroupColorJitter()(still, rng(1)), still)


RANDOM: list[Any] = [
    GroupMultiScaleCrop(8),
    GroupMultiScaleCrop(8, fix_crop=False),
    GroupRandomCrop(8),
    GroupRandomHorizontalFlip(),
    GroupRandomRotation(20.0),
    GroupColorJitter(0.4, 0.4, 0.4),
    Compose([GroupScale(12), GroupMultiScaleCrop(8), GroupRandomHorizontalFlip()]),
    GroupScale(9),
    GroupCenterCrop(8),
]


@pytest.mark.parametrize("transform", RANDOM)
def test_all_pictures_of_a_group_share_the_draw_and_the_input_is_kept(transform: Any) -> None:
    images = np.repeat(group(1, 14, 17), 5, axis=0)
    before = images.copy()
    for seed in range(10):
        out = transform(images, rng(seed))
        assert np.all(out == out[:1])
        np.testing.assert_array_equal(out, transform(images, rng(seed)))
    np.testing.assert_array_equal(images, before)


def test_compose_applies_in_order_from_one_generator() -> None:
    images = group(2, 20, 30)
    steps = [GroupMultiScaleCrop(16), GroupRandomHorizontalFlip(), GroupColorJitter(0.2)]
    generator = rng(3)
    expected = images
    for step in steps:
        expected = step(expected, generator)
    np.testing.assert_array_equal(Compose(steps)(images, rng(3)), expected)
    assert Compose([GroupScale(20), GroupOverSample(16)])(images, rng()).shape[:2] == (10, 2)


@pytest.mark.parametrize("transform", [*RANDOM, GroupOverSample(8)])
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 9, 9, 3), dtype=np.float32),
        np.zeros((9, 9, 3), dtype=np.uint8),
        np.zeros((0, 9, 9, 3), dtype=np.uint8),
    ],
)
def test_other_arrays_are_refused(transform: Any, images: Any) -> None:
    with pytest.raises(UsageError, match="uint8 images"):
        transform(images, rng())


def test_the_wrong_kind_of_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="2 channels"):
        GroupOverSample(4, is_flow=True)(group(2, 8, 8))
    for seed in range(4):
        with pytest.raises(UsageError, match="2 channels"):
            GroupRandomHorizontalFlip(is_flow=True)(group(2, 8, 8), rng(seed))
    with pytest.raises(UsageError, match="3 channels"):
        GroupColorJitter(0.1)(group(2, 8, 8, channels=2), rng())


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (GroupMultiScaleCrop, {"size": 0}),
        (GroupMultiScaleCrop, {"size": 8, "scales": ()}),
        (GroupMultiScaleCrop, {"size": 8, "scales": (1.2,)}),
        (GroupMultiScaleCrop, {"size": 8, "scales": (0.0,)}),
        (GroupMultiScaleCrop, {"size": 8, "max_distort": -1}),
        (GroupScale, {"short_side": 0}),
        (GroupCenterCrop, {"size": 0}),
        (GroupRandomCrop, {"size": -1}),
        (GroupOverSample, {"crop_size": 0}),
        (GroupRandomRotation, {"degrees": -1.0}),
        (GroupColorJitter, {"brightness": 1.5}),
        (GroupColorJitter, {"contrast": -0.1}),
    ],
)
def test_wrong_settings_are_refused(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        kind(**arguments)


def test_importing_loads_neither_torch_nor_opencv() -> None:
    code = (
        "import sys, slipdetect.modalities; assert not {'torch', 'cv2'} & set(sys.modules); "
        "import slipdetect.modalities.normalize; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
