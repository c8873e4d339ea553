"""What a network is fed for known bytes: hand-computed values and the order of channels.

In: small uint8 snippets. Out: pass or fail.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from slipdetect.errors import UsageError
from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
from slipdetect.modalities.snippet import get_modality

IMAGENET = Normalization()
INCEPTION = Normalization("RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
BN_INCEPTION = Normalization("BGR", 255.0, (104.0, 117.0, 128.0), (1.0, 1.0, 1.0))


def pixel(*rgb: int) -> torch.Tensor:
    return torch.tensor(rgb, dtype=torch.uint8).reshape(1, 1, 1, 3)


@pytest.mark.parametrize(
    ("normalization", "expected"),
    [
        # (200/255 - 0.485) / 0.229, (100/255 - 0.456) / 0.224, (50/255 - 0.406) / 0.225
        (IMAGENET, (1.307047, -0.285014, -0.932985)),
        # 2 * value / 255 - 1
        (INCEPTION, (0.568627, -0.215686, -0.607843)),
        # blue - 104, green - 117, red - 128
        (BN_INCEPTION, (50 - 104, 100 - 117, 200 - 128)),
    ],
)
def test_a_pixel_by_hand(normalization: Normalization, expected: tuple[float, ...]) -> None:
    out = SnippetNormalizer(get_modality("rgb"), normalization)(pixel(200, 100, 50))
    assert out.dtype == torch.float32
    assert out.shape == (3, 1, 1)
    assert out.flatten().tolist() == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize(
    ("normalization", "mean", "std"),
    [
        (IMAGENET, 0.5, (0.229 + 0.224 + 0.225) / 3),
        (INCEPTION, 0.5, 0.5),
        (BN_INCEPTION, 128.0, 1.0),
    ],
)
def test_flow_statistics(normalization: Normalization, mean: float, std: float) -> None:
    levels = torch.tensor([[0, 255], [128, 77]], dtype=torch.uint8).reshape(2, 1, 1, 2)
    out = SnippetNormalizer(get_modality("flow", 2), normalization)(levels)
    scale = normalization.value_range / 255
    expected = [(level * scale - mean) / std for level in (0, 255, 128, 77)]
    assert out.shape == (4, 1, 1)
    assert out.flatten().tolist() == pytest.approx(expected, abs=2e-6)


def test_flow_statistics_of_its_own() -> None:
    # a two-stream network saw bytes / 255 and nothing else
    plain = Normalization(flow=(0.0, 1.0))
    levels = torch.tensor([[0, 255], [128, 77]], dtype=torch.uint8).reshape(2, 1, 1, 2)
    out = SnippetNormalizer(get_modality("flow", 2), plain)(levels)
    expected = [0.0, 1.0, 128 / 255, 77 / 255]
    assert out.flatten().tolist() == pytest.approx(expected, abs=1e-7)
    rgb = SnippetNormalizer(get_modality("rgb"), plain)(pixel(9, 9, 9))
    assert torch.equal(rgb, SnippetNormalizer(get_modality("rgb"), IMAGENET)(pixel(9, 9, 9)))


def test_still_flow_is_exactly_zero_for_byte_ranges() -> None:
    still = torch.full((5, 3, 4, 2), 128, dtype=torch.uint8)
    out = SnippetNormalizer(get_modality("flow"), BN_INCEPTION)(still)
    assert torch.all(out == 0)


def oracle(images: np.ndarray, normalization: Normalization) -> np.ndarray:
    """Normalize one snippet ``(images, H, W, C)`` pixel by pixel in float64."""
    count, height, width, channels = images.shape
    out = np.zeros((count * channels, height, width))
    for index in np.ndindex(*images.shape):
        image, row, column, channel = index
        if channels == 2:
            mean = 128.0 if normalization.value_range == 255.0 else 0.5
            std = sum(normalization.std) / 3
            source = channel
        else:
            mean, std = normalization.mean[channel], normalization.std[channel]
            source = channel if normalization.color == "RGB" else 2 - channel
        value = images[image, row, column, source] * normalization.value_range / 255.0
        out[image * channels + channel, row, column] = (value - mean) / std
    return out


@pytest.mark.parametrize("normalization", [IMAGENET, INCEPTION, BN_INCEPTION])
@pytest.mark.parametrize(
    ("name", "images", "channels"), [("rgb", 1, 3), ("flow", 5, 2), ("rgbdiff", 6, 3)]
)
def test_channel_order_and_values_equal_plain_loops(
    normalization: Normalization, name: str, images: int, channels: int
) -> None:
    # flow u1 v1 u2 v2 ..., rgbdiff all colors of frame 1, then of frame 2, ...
    rng = np.random.default_rng(1)
    batch = rng.integers(0, 256, (2, 3, images, 4, 5, channels), dtype=np.uint8)
    before = torch.from_numpy(batch.copy())
    given = before.clone()
    out = SnippetNormalizer(get_modality(name), normalization)(given)
    assert torch.equal(given, before)
    assert out.shape == (2, 3, images * channels, 4, 5)
    assert out.is_contiguous() or images == 1  # one picture keeps its order of memory
    for b in range(2):
        for s in range(3):
            expected = oracle(batch[b, s], normalization)
            np.testing.assert_allclose(out[b, s].numpy(), expected, atol=3e-5)


@pytest.mark.parametrize("normalization", [IMAGENET, INCEPTION, BN_INCEPTION])
def test_differences_of_a_static_clip_are_exactly_zero(normalization: Normalization) -> None:
    frame = np.random.default_rng(2).integers(0, 256, (1, 4, 5, 3), dtype=np.uint8)
    clip = torch.from_numpy(np.repeat(frame, 6, axis=0))
    out = SnippetNormalizer(get_modality("rgbdiff"), normalization)(clip).reshape(6, 3, 4, 5)
    assert torch.all(out[1:] - out[:-1] == 0)


def root_mean_square(frames: np.ndarray) -> float:
    """Of the differences of ``(images * 3, H, W)`` frames, in loops."""
    total, count = 0.0, 0
    for index in np.ndindex(frames.shape[0] - 3, *frames.shape[1:]):
        later = (index[0] + 3, *index[1:])
        total += (float(frames[later]) - float(frames[index])) ** 2
        count += 1
    return float((total / count) ** 0.5)


def test_contrast_gives_the_differences_of_every_snippet_one_size() -> None:
    rng = np.random.default_rng(4)
    bright = rng.integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
    dim = (bright // 8).astype(np.uint8)
    batch = torch.from_numpy(np.stack([bright, dim]))
    plain = SnippetNormalizer(get_modality("rgbdiff"), INCEPTION)(batch).numpy()
    scaled = Normalization("RGB", 1.0, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), contrast=0.2)
    out = SnippetNormalizer(get_modality("rgbdiff"), scaled)(batch).numpy()
    for before, after in zip(plain, out, strict=True):
        energy = root_mean_square(before)
        # a camera's noise, 0.04, is in the sum so that it is not blown up
        gain = 0.2 / (energy**2 + 0.04**2) ** 0.5
        assert root_mean_square(after) == pytest.approx(gain * energy, rel=1e-4)
        steps = [np.diff(frames.reshape(6, 3, 4, 5), axis=0) for frames in (before, after)]
        np.testing.assert_allclose(steps[1], gain * steps[0], atol=1e-5)
    assert root_mean_square(out[0]) == pytest.approx(0.2, rel=0.01)
    assert root_mean_square(out[1]) == pytest.approx(0.2, rel=0.1)


def test_contrast_leaves_a_static_clip_at_zero_and_pictures_alone() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (1, 4, 5, 3), dtype=np.uint8)
    clip, scaled = torch.from_numpy(np.repeat(frame, 6, axis=0)), Normalization(contrast=0.2)
    out = SnippetNormalizer(get_modality("rgbdiff"), scaled)(clip).reshape(6, 3, 4, 5)
    assert torch.all(out[1:] - out[:-1] == 0)
    picture = torch.from_numpy(frame)
    for normalize in (SnippetNormalizer(get_modality("rgb"), kind) for kind in (scaled, IMAGENET)):
        assert torch.equal(
            normalize(picture), SnippetNormalizer(get_modality("rgb"), IMAGENET)(picture)
        )


@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("rgb", (1, 4, 4, 3), torch.float32),
        ("rgb", (2, 4, 4, 3), torch.uint8),
        ("rgb", (1, 4, 4, 2), torch.uint8),
        ("flow", (5, 4, 4, 3), torch.uint8),
        ("flow", (6, 4, 4, 2), torch.uint8),
        ("rgbdiff", (5, 4, 4, 3), torch.uint8),
    ],
)
def test_other_shapes_and_types_are_refused(
    name: str, shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    with pytest.raises(UsageError, match="snippets are uint8"):
        SnippetNormalizer(get_modality(name), IMAGENET)(torch.zeros(shape, dtype=dtype))


@pytest.mark.parametrize(
    "wrong",
    [
        {"color": "GBR"},
        {"value_range": 1.5},
        {"mean": (0.5,)},
        {"std": (0.1, 0.0, 0.1)},
        {"flow": (0.0,)},
        {"flow": (0.0, 0.0)},
        {"flow": (0.0, float("nan"))},
        {"contrast": 0.0},
        {"contrast": float("nan")},
    ],
)
def test_wrong_statistics_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Normalization(**wrong)  # type: ignore[arg-type]


def test_snippet_table() -> None:
    # images, stored channels, network channels, frames; three segments store 9, 30, 54
    table = {"rgb": (1, 3, 3, 1), "flow": (5, 10, 10, 6), "rgbdiff": (6, 18, 15, 6)}
    for name, (images, stored, network, frames) in table.items():
        m = get_modality(name)
        assert (m.images, m.stored_channels, m.network_channels, m.frames) == (
            images,
            stored,
            network,
            frames,
        )
    with pytest.raises(UsageError, match="rgb, flow, rgbdiff"):
        get_modality("depth")
    with pytest.raises(UsageError, match="at least 1"):
        get_modality("flow", 0)
