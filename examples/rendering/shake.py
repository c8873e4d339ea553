"""A camera that is held by hand or pans: the part of a larger picture that wanders.

In: a seed and a larger picture. Out: a smooth path and the picture cut out along it.
"""

from __future__ import annotations

import cv2
import numpy as np

# Of the picture's size, on each side.
MARGIN = 0.07


def path_of(seed: int, count: int, rate: float) -> np.ndarray:
    """Offsets ``(count, 2)`` from -1 to 1, right and down: a slow pan with a faster tremor."""
    rng = np.random.default_rng([seed, 4])
    times = np.arange(count)[:, None] / rate
    slow, fast = rng.uniform(0.05, 0.35, (1, 2)), rng.uniform(1.0, 3.5, (1, 2))
    start, begin = rng.uniform(0, 2 * np.pi, (2, 1, 2))
    tremor = rng.uniform(0.02, 0.3)
    path = (1 - tremor) * np.sin(2 * np.pi * slow * times + start)
    return path + tremor * np.sin(2 * np.pi * fast * times + begin)


def crop(picture: np.ndarray, size: tuple[int, int], offset: np.ndarray) -> np.ndarray:
    """Cut ``size`` (width, height) pixels out of ``picture``, ``offset`` of the margin away.

    Args:
        picture: ``(height, width, 3)`` float32, larger than ``size``.
        size: Pixels.
        offset: Right and down, from -1 to 1.
    """
    room = (np.array(picture.shape[1::-1]) - size) / 2
    left, top = room * (1 + offset)
    move = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]])
    return np.asarray(cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR))
