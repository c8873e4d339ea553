"""How alike two pictures are to an eye: the structural similarity index.

In: two gray pictures of one size. Out: a number, 1 for equal pictures.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError

WINDOW = 11  # pixels on a side
_SIGMA = 1.5
_C1 = (0.01 * 255) ** 2
_C2 = (0.03 * 255) ** 2

Gray = npt.NDArray[Any]


def ssim(first: Gray, second: Gray) -> float:
    """Return the mean SSIM of two gray pictures with levels of 0 to 255.

    Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment: from error visibility to
    structural similarity", IEEE TIP 13 (2004), equations 13 to 17: a circular Gaussian window of
    11x11 px and sigma 1.5, K1 0.01, K2 0.03, averaged over the places where the window fits.

    Args:
        first: ``(H, W)``, 11 px or more on a side.
        second: ``(H, W)``, the same size.

    Raises:
        UsageError: The sizes differ or are smaller than the window.
    """
    if first.ndim != 2 or first.shape != second.shape or min(first.shape) < WINDOW:
        raise UsageError(
            f"SSIM needs two gray pictures of one size, {WINDOW} px or more on a side, not "
            f"{first.shape} and {second.shape}"
        )
    x, y = first.astype(np.float64), second.astype(np.float64)
    mean_x, mean_y = _window_mean(x), _window_mean(y)
    var_x = _window_mean(x * x) - mean_x**2
    var_y = _window_mean(y * y) - mean_y**2
    covariance = _window_mean(x * y) - mean_x * mean_y
    above = (2 * mean_x * mean_y + _C1) * (2 * covariance + _C2)
    below = (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    return float(np.mean(above / below))


def _window_mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the weighted mean of every window that lies inside."""
    blurred = cv2.GaussianBlur(values, (WINDOW, WINDOW), _SIGMA)
    edge = WINDOW // 2
    return np.asarray(blurred[edge:-edge, edge:-edge], np.float64)
