"""Stored snippets with all channels of a pixel side by side, as CPUs convolve them fastest.

In: ``(images, H, W, C)`` uint8 snippets. Out: the same numbers in another order of memory.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
import torch


def interleaved(snippets: Sequence[npt.NDArray[np.uint8]]) -> torch.Tensor:
    """Return ``(snippets, images, H, W, C)`` uint8, where memory holds ``(H, W, images, C)``.

    ``SnippetNormalizer`` keeps that order, so no float is moved afterwards.

    Args:
        snippets: ``(images, H, W, C)`` each, C at most 4, all of one shape.
    """
    images, height, width, channels = snippets[0].shape
    memory = np.empty((len(snippets), height * width, images, channels), np.uint8)
    for snippet, target in zip(snippets, memory, strict=True):
        pixels = np.ascontiguousarray(snippet).reshape(images, -1, channels)
        cv2.transpose(pixels, target)
    by_pixel = torch.from_numpy(memory.reshape(-1, height, width, images, channels))
    return by_pixel.permute(0, 3, 1, 2, 4)
