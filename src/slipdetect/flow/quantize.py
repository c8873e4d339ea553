"""Flow in bytes: 255 levels over -bound..bound, rounded half to even, zero flow at 128.

In: float32 px, any shape. Out: uint8, and back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError

ZERO = 128


def check_bound(bound: float) -> None:
    """Raise ``UsageError`` unless ``bound`` is a finite number of px above zero."""
    if not (np.isfinite(bound) and bound > 0):
        raise UsageError(f"flow bound must be a finite number of px above 0, not {bound}")


def quantize(flow: NDArray[np.floating], bound: float) -> NDArray[np.uint8]:
    """Map -bound..bound to 0..255, clipping what lies outside; zero flow gives exactly 128.

    Args:
        flow: px, any shape; infinite values clip.
        bound: Largest flow kept, px.

    Raises:
        UsageError: ``flow`` has NaN, or ``bound`` is no number above zero.
    """
    check_bound(bound)
    flow = np.asarray(flow, dtype=np.float32)
    if np.isnan(flow).any():
        raise UsageError("flow has NaN values and cannot be quantized; compute it again")
    scaled: NDArray[np.float32] = np.add(flow, np.float32(bound))
    scaled *= np.float32(255.0 / (2 * bound))
    np.rint(scaled, out=scaled)
    np.clip(scaled, 0, 255, out=scaled)
    levels = scaled.astype(np.uint8)
    # for an odd bound, float32 can put 127.5 a hair lower and round still pixels to 127
    levels[flow == 0] = ZERO
    return levels


def dequantize(levels: NDArray[np.uint8], bound: float) -> NDArray[np.float32]:
    """Return px from bytes: 128 is exactly zero, every other value within one step of the flow.

    A step is ``2 bound / 255`` px.

    Raises:
        UsageError: ``levels`` are no bytes, or ``bound`` is no number above zero.
    """
    check_bound(bound)
    if levels.dtype != np.uint8:
        raise UsageError(f"quantized flow is uint8; got {levels.dtype}")
    return (levels.astype(np.float32) - ZERO) * np.float32(2 * bound / 255.0)
