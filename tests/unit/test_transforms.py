"""Group transforms: geometry by hand, all pictures alike, flow turned rightly.

In: small uint8 groups. Out: pass or fail.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.images import flip_images, scale_short_side
from slipdetect.lab.augment.transforms import GroupMultiScaleCrop, GroupRandomCrop, ten_crops
from slipdetect.lab.train import TrainConfig


def group(
    count: int, height: int, width: int, channels: int = 3, seed: int = 0
) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, height, width, channels), dtype=np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_flip_of_flow_by_plain_loops() -> None:
    flow = group(2, 3, 4, channels=2)
    out = flip_images(flow, is_flow=True)
    for t, y, x in np.ndindex(2, 3, 4):
        assert out[t, y, x, 0] == 255 - int(flow[t, y, 3 - x, 0])
        assert out[t, y, x, 1] == flow[t, y, 3 - x, 1]


def test_flip_mirrors_all_pictures() -> None:
    images = group(4, 3, 5)
    before = images.copy()
    np.testing.assert_array_equal(flip_images(images, is_flow=False), before[:, :, ::-1])
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
    assert scale_short_side(group(2, *shape), short_side).shape == (2, *expected, 3)


def test_halving_is_the_mean_of_four_pixels() -> None:
    images = group(2, 8, 12)
    out = scale_short_side(images, 4)
    for t, y, x, c in np.ndindex(*out.shape):
        mean = images[t, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2, c].astype(float).mean()
        assert abs(int(out[t, y, x, c]) - mean) <= 0.5


RANDOM = [GroupMultiScaleCrop(8), GroupRandomCrop(8)]


@pytest.mark.parametrize("transform", RANDOM)
def test_all_pictures_of_a_group_share_the_draw_and_the_input_is_kept(transform: Any) -> None:
    images = np.repeat(group(1, 14, 17), 5, axis=0)
    before = images.copy()
    for seed in range(10):
        out = transform(images, rng(seed))
        assert np.all(out == out[:1])
        np.testing.assert_array_equal(out, transform(images, rng(seed)))
    np.testing.assert_array_equal(images, before)


@pytest.mark.parametrize(
    "transform",
    [
        *(lambda images, each=each: each(images, rng()) for each in RANDOM),
        lambda images: ten_crops(images, 8),
    ],
)
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 9, 9, 3), dtype=np.float32),
        np.zeros((9, 9, 3), dtype=np.uint8),
        np.zeros((0, 9, 9, 3), dtype=np.uint8),
    ],
)
def test_other_arrays_are_refused(transform: Callable[[Any], Any], images: Any) -> None:
    with pytest.raises(UsageError, match="uint8 images"):
        transform(images)


def test_the_wrong_kind_of_picture_is_refused() -> None:
    with pytest.raises(UsageError, match="2 channels"):
        ten_crops(group(2, 8, 8), 4, is_flow=True)


@pytest.mark.parametrize("scales", [(), (1.2,), (0.0,)])
def test_wrong_scales_are_refused_before_anything_is_read(scales: tuple[float, ...]) -> None:
    for config in (AugmentConfig, TrainConfig):
        with pytest.raises(UsageError, match="crop_scales"):
            config(train_crop="multiscale", crop_scales=scales)


def test_importing_loads_neither_torch_nor_opencv() -> None:
    code = (
        "import sys, slipdetect.modalities as m; assert not {'torch', 'cv2'} & set(sys.modules); "
        "m.SnippetNormalizer; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
