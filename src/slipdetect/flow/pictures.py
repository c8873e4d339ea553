"""Making the gray pictures that flow methods compare.

In: a uint8 or [0, 1] float picture, RGB or gray. Out: ``(H, W)`` uint8 gray.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError

MIN_SIDE = 8


def to_gray(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn a picture into 8-bit gray (ITU-R BT.601 luma).

    Args:
        picture: ``(H, W, 3)`` RGB or ``(H, W)`` gray; uint8, or float in [0, 1], which is rounded
            to 8 bits.

    Returns:
        ``(H, W)`` uint8, contiguous.

    Raises:
        UsageError: Another shape or type, floats outside [0, 1], or a side below 8 px.
    """
    picture = np.asarray(picture)
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise UsageError(f"flow takes pictures (H, W, 3) or (H, W); got shape {picture.shape}")
    if min(picture.shape[:2]) < MIN_SIDE:
        height, width = picture.shape[:2]
        raise UsageError(
            f"picture of {width}x{height} px is too small for flow; "
            f"give {MIN_SIDE} px a side or more"
        )
    eight_bit = np.ascontiguousarray(_to_bytes(picture))
    if eight_bit.ndim == 2:
        return eight_bit
    import cv2

    return cast("NDArray[np.uint8]", cv2.cvtColor(eight_bit, cv2.COLOR_RGB2GRAY))


def _to_bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.dtype == np.uint8:
        return picture
    if not np.issubdtype(picture.dtype, np.floating):
        raise UsageError(f"flow takes uint8 or float pictures; got {picture.dtype}, convert first")
    low, high = float(picture.min()), float(picture.max())
    # written so that NaN fails it too
    if not (low >= 0.0 and high <= 1.0):
        raise UsageError(
            f"float pictures lie in [0, 1]; got {low:g} to {high:g}, divide by 255 or pass uint8"
        )
    return np.rint(picture * 255.0).astype(np.uint8)
