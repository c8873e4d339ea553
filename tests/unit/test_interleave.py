"""Interleaved snippets hold the same numbers, one pixel after the other.

In: drawn bytes. Out: assertions on values and strides.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from slipdetect.detection.engines.torch_engine import interleaved
from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
from slipdetect.modalities.snippet import get_modality

KINDS = pytest.mark.parametrize(
    ("name", "images", "channels"), [("rgb", 1, 3), ("flow", 5, 2), ("rgbdiff", 6, 3)]
)


def drawn(images: int, channels: int) -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return list(rng.integers(0, 256, (2, images, 7, 9, channels), dtype=np.uint8))


@KINDS
def test_numbers_stay_and_a_pixel_is_one_run_of_memory(
    name: str, images: int, channels: int
) -> None:
    snippets = drawn(images, channels)
    made = interleaved(snippets)
    assert np.array_equal(made.numpy(), np.stack(snippets))
    run = images * channels
    assert made.stride()[-4:] == (channels, 9 * run, run, 1)


def test_parts_of_larger_arrays_are_taken_too() -> None:
    snippets = drawn(6, 3)
    parts = [snippet[1:4, :, 2:5] for snippet in snippets]
    assert np.array_equal(interleaved(parts).numpy(), np.stack(parts))


@KINDS
@pytest.mark.parametrize("contrast", [None, 0.3])
@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_normalizing_gives_the_same_in_the_order_that_convolutions_want(
    name: str, images: int, channels: int, contrast: float | None, color: str
) -> None:
    snippets = drawn(images, channels)
    normalize = SnippetNormalizer(get_modality(name), Normalization(color=color, contrast=contrast))
    made = normalize(interleaved(snippets))
    torch.testing.assert_close(made, normalize(torch.from_numpy(np.stack(snippets))))
    if color == "RGB":
        assert made.is_contiguous(memory_format=torch.channels_last)
