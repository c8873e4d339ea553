"""Pictures as poor light, cheap sensors and bad lenses give them.

In: ``(H, W, 3)`` uint8. Out: the same size.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def darkened(image: Picture, share: float) -> Picture:
    """Return the picture with every level times ``share`` (0 to 1), rounded."""
    table = np.rint(np.arange(256) * share).astype(np.uint8)
    return np.asarray(table[image])


def noisy(image: Picture, deviation: float, random: np.random.Generator) -> Picture:
    """Return the picture with Gaussian noise added to every value, clipped to 0..255.

    Args:
        image: The picture.
        deviation: Standard deviation, levels.
        random: Where the noise is drawn from.
    """
    noise = random.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + np.float32(deviation) * noise), 0, 255).astype(np.uint8)


def blurred(image: Picture, share: float) -> Picture:
    """Return the picture out of focus: a Gaussian of ``share`` of the short side, deviation.

    The picture is continued by its mirror image beyond its edges.
    """
    deviation = share * min(image.shape[:2])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), np.uint8)
