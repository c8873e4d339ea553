"""Augmentation: one draw for a whole window, its geometry and its draws by hand.

In: windows of known pixels. Out: the same, changed alike.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from slipdetect.lab.augment.augment import Augmentation, Colors, Rectangle, whole_picture_crop
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.transforms import GroupMultiScaleCrop, GroupRandomCrop, GroupScale
from slipdetect.modalities.snippet import Box

NOTHING = Augmentation()
STRONG = AugmentConfig(
    rotation=30, speed=1.5, erase=1.0, saturation=0.8, contrast=0.5, tint=0.2, gray=0.0
)


def window(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 10, 10, channels), np.uint8)


def drawn(config: AugmentConfig, seed: int, is_flow: bool = False) -> Augmentation:
    rng, more = np.random.default_rng(seed), np.random.default_rng((seed, 1))
    return Augmentation.draw(config, rng, more, is_flow=is_flow)


def test_drawing_nothing_changes_nothing() -> None:
    assert np.array_equal(NOTHING.finish(window()), window())
    assert np.array_equal(replace(NOTHING, is_flow=True).finish(window(2)), window(2))
    assert NOTHING.move(Box(3, 4, 20), 100, 100) == Box(3, 4, 20)
    assert np.array_equal(NOTHING.cut(window(), Box(1, 2, 6), 6), window()[:, 2:8, 1:7])


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("config", [AugmentConfig(), STRONG])
def test_equal_pictures_stay_equal_but_for_noise(config: AugmentConfig, seed: int) -> None:
    """What changes from frame to frame would be motion that is not there."""
    still = np.repeat(window()[:1], 6, axis=0)
    change = drawn(config, seed)
    change = replace(change, colors=replace(change.colors, noise=0.0))
    changed = change.finish(change.cut(still, Box(1, 1, 7), 8))
    assert (changed == changed[:1]).all()


def test_mirroring_flow_inverts_u_only() -> None:
    flow = window(2)
    mirrored = replace(NOTHING, flip=True, is_flow=True).finish(flow)
    assert np.array_equal(mirrored[..., 0], 255 - flow[:, :, ::-1, 0])
    assert np.array_equal(mirrored[..., 1], flow[:, :, ::-1, 1])
    assert np.array_equal(flow, window(2))


def test_colors_of_flow_are_left_alone() -> None:
    colors = Colors((2.0, 2.0, 2.0), 9.0, 0.5, True, 3.0)
    changed = replace(NOTHING, colors=colors, is_flow=True)
    assert np.array_equal(changed.finish(window(2)), window(2))
    assert not np.array_equal(replace(changed, is_flow=False).finish(window()), window())


def test_what_is_erased_has_neither_noise_nor_color() -> None:
    change = Augmentation(
        flip=True,
        colors=Colors((0.5, 1.0, 1.5), 40.0, noise=20.0),
        erased=Rectangle(0.2, 0.3, 0.5, 0.4),
    )
    out = change.finish(window())
    assert (out[:, 3:7, 2:7] == 128).all()
    assert (out[:, :3] != 128).mean() > 0.9


def test_the_crop_never_grows_beyond_the_picture() -> None:
    wide = replace(NOTHING, scale=1.3)
    assert wide.move(Box(0, 0, 90), 90, 100).side == 100
    assert wide.move(Box(0, 0, 100), 90, 100).side == 100
    assert wide.move(Box(0, 0, 50), 90, 100).side == 65


def test_default_draws_stay_in_their_ranges_and_depend_on_the_generators_only() -> None:
    changes = [drawn(AugmentConfig(), i) for i in range(300)]
    assert changes[5] == drawn(AugmentConfig(), 5)
    assert all(np.exp(-0.3) <= a.scale <= np.exp(0.3) for a in changes)
    assert all(max(map(abs, a.shift)) <= 0.15 for a in changes)
    assert all(abs(a.colors.offset) <= 30 for a in changes)
    assert all(0.6 * 0.9 <= gain <= 1.4 * 1.1 for a in changes for gain in a.colors.gain)
    assert 100 < sum(a.flip for a in changes) < 200
    assert 30 < sum(a.colors.gray for a in changes) < 95
    assert 50 < sum(a.colors.noise > 0 for a in changes) < 130
    assert all(a.rotation == 0 and a.speed == 1 and a.erased is None for a in changes)
    assert all(a.colors.saturation == 1 for a in changes)


def test_stronger_draws_fill_their_ranges_on_both_sides() -> None:
    config = AugmentConfig(rotation=20, speed=1.5, saturation=0.4, erase=0.3)
    changes = [drawn(config, i) for i in range(400)]
    for values, low, high in (
        ([a.rotation for a in changes], -20.0, 20.0),
        ([np.log(a.speed) for a in changes], -np.log(1.5), np.log(1.5)),
        ([a.colors.saturation for a in changes], 0.6, 1.4),
    ):
        assert low <= min(values) < low + 0.05 * (high - low)
        assert high >= max(values) > high - 0.05 * (high - low)
        assert abs(np.mean(values) - (low + high) / 2) < 0.06 * (high - low)
    assert 80 < sum(a.erased is not None for a in changes) < 160


def test_one_strength_does_not_change_what_another_draws() -> None:
    """So that two recipes that differ in one number can be compared window by window."""
    plain = drawn(AugmentConfig(), 3)
    turned = drawn(AugmentConfig(rotation=10), 3)
    assert turned.rotation != 0
    assert replace(turned, rotation=0.0) == plain
    zeros = {"flip": 0.0, "contrast": 0.0, "brightness": 0.0, "tint": 0.0, "gray": 0.0}
    still = drawn(AugmentConfig(**zeros, noise=0.0, rotation=10), 3)
    assert still.rotation == turned.rotation
    assert (still.scale, still.shift) == (plain.scale, plain.shift)
    assert still.colors == replace(Colors(), noise_seed=plain.colors.noise_seed)


@pytest.mark.parametrize("is_flow", [False, True])
@pytest.mark.parametrize("name", ["multiscale", "corners", "random"])
@pytest.mark.parametrize("rotation", [0.0, 17.0])
def test_crops_of_the_whole_picture_have_their_size_alike_for_all(
    name: str, is_flow: bool, rotation: float
) -> None:
    crop = whole_picture_crop(AugmentConfig(train_crop=name), 32)
    assert crop is not None
    still = np.repeat(window(2 if is_flow else 3)[:1], 5, axis=0)
    change = Augmentation(rotation=rotation, is_flow=is_flow)
    out = change.cut_anywhere(still, crop, np.random.default_rng(1))
    assert out.shape == (5, 32, 32, still.shape[-1])
    assert (out == out[:1]).all()


def test_crops_of_the_whole_picture_are_the_group_transforms() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (4, 60, 80, 3), np.uint8)
    scales = (1.0, 0.75)
    wanted = {
        "multiscale": GroupMultiScaleCrop(28, scales),
        "corners": GroupMultiScaleCrop(28, scales, more_fix_crop=False),
        "random": GroupRandomCrop(28),
    }
    for name, transform in wanted.items():
        crop = whole_picture_crop(AugmentConfig(train_crop=name, crop_scales=scales), 28)
        assert crop is not None
        for seed in range(20):
            got = NOTHING.cut_anywhere(frames, crop, np.random.default_rng(seed))
            scaled = GroupScale(32)(frames)
            assert np.array_equal(got, transform(scaled, np.random.default_rng(seed)))
    for name in ("jitter", "fixed"):
        assert whole_picture_crop(AugmentConfig(train_crop=name), 28) is None


def test_a_turned_crop_shows_the_same_place_in_the_middle() -> None:
    """A crop that is drawn with a rotation is the one drawn without, turned."""
    frames = np.zeros((1, 64, 64, 3), np.uint8)
    frames[:] = np.linspace(0, 250, 64).astype(np.uint8)[:, None, None]
    crop = GroupMultiScaleCrop(16)
    for seed in range(20):
        plain = NOTHING.cut_anywhere(frames, crop, np.random.default_rng(seed))
        turned = Augmentation(rotation=45).cut_anywhere(frames, crop, np.random.default_rng(seed))
        middle = plain[0, 7:9, 7:9, 0].mean()
        assert abs(turned[0, 7:9, 7:9, 0].astype(float).mean() - middle) <= 2.0


def test_every_strength_of_the_config_is_used() -> None:
    """Each field at its far end changes some draw or the choice of crop."""
    changed = {
        "train_crop": "random",
        "crop_scales": (0.5,),
        "scale_jitter": 1.0,
        "shift_jitter": 0.5,
        "flip": 1.0,
        "rotation": 90.0,
        "speed": 2.0,
        "erase": 1.0,
        "contrast": 0.9,
        "brightness": 90.0,
        "tint": 0.5,
        "saturation": 0.5,
        "gray": 1.0,
        "noise": 50.0,
    }
    assert set(changed) == {item.name for item in fields(AugmentConfig)}
    for name, value in changed.items():
        base = AugmentConfig(train_crop="multiscale") if name == "crop_scales" else AugmentConfig()
        other = replace(base, **{name: value})
        crops = [whole_picture_crop(config, 16) for config in (base, other)]
        draws = [[drawn(config, i) for i in range(9)] for config in (base, other)]
        assert crops[0] != crops[1] or draws[0] != draws[1], name


def test_the_documentation_has_every_option_with_its_default() -> None:
    text = (Path(__file__).parents[2] / "docs/augmentation.md").read_text(encoding="utf-8")
    table = text.partition("| setting |")[2].partition("\n\n")[0]
    told = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|", table, re.MULTILINE)
    wanted = []
    for item in fields(AugmentConfig):
        values = item.default if isinstance(item.default, tuple) else (item.default,)
        shown = ", ".join(v if isinstance(v, str) else f"{v:g}" for v in values)
        wanted.append((item.name, shown))
    assert told == wanted
