"""What the group transforms share: checking, resizing and mirroring a stack of pictures.

In and out: one ``(T, H, W, C)`` uint8 array whose T pictures are always treated alike.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError

Images: TypeAlias = NDArray[np.uint8]


def check_images(images: Images, channels: int | None = None) -> None:
    """Raise ``UsageError`` unless ``images`` is a non-empty ``(T, H, W, C)`` uint8 array.

    Args:
        images: What to check.
        channels: Demanded C: 3 for RGB, 2 for quantized flow (u, v); None: any.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        raise UsageError(
            f"a transform takes (T, H, W, C) uint8 images; got {images.dtype} {images.shape}"
        )
    if channels is not None and images.shape[-1] != channels:
        kind = "flow (u, v)" if channels == 2 else "RGB"
        raise UsageError(f"{kind} images have {channels} channels; got {images.shape[-1]}")


def resize_images(images: Images, height: int, width: int) -> Images:
    """Resize every picture: by area when neither side grows, else bilinearly.

    Flow vectors are resampled, not rescaled, as the reference TSN does.

    Args:
        images: ``(T, H, W, C)`` uint8, C up to 4.
        height: New height, px.
        width: New width, px.

    Returns:
        ``(T, height, width, C)`` uint8; the same array if the size is right already.
    """
    old_height, old_width, channels = images.shape[1:]
    if (old_height, old_width) == (height, width):
        return images
    import cv2

    shrinks = height <= old_height and width <= old_width
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = np.empty((len(images), height, width, channels), dtype=np.uint8)
    for source, target in zip(images, resized, strict=True):
        # cv2 drops a last axis of one channel
        target[...] = cv2.resize(
            np.ascontiguousarray(source), (width, height), interpolation=method
        ).reshape(target.shape)
    return resized


def scale_short_side(images: Images, short_side: int) -> Images:
    """Resize so that the shorter side is ``short_side`` px, keeping the aspect ratio."""
    height, width = images.shape[1:3]
    short = min(height, width)
    # the longer side is rounded down, as the reference TSN does
    return resize_images(images, height * short_side // short, width * short_side // short)


def flip_images(images: Images, is_flow: bool) -> Images:
    """Mirror left and right; of quantized flow (u, v) the u channel becomes ``255 - u``."""
    check_images(images, channels=2 if is_flow else None)
    import cv2

    flipped = np.empty(images.shape, np.uint8)
    for source, target in zip(images, flipped, strict=True):
        target[...] = cv2.flip(np.ascontiguousarray(source), 1).reshape(target.shape)
    if is_flow:
        flipped[..., 0] = 255 - flipped[..., 0]
    return flipped
