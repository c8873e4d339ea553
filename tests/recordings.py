"""Small recordings with a room, somebody who moves in it, and copies of them.

In: numbers that choose room and motion. Out: pictures.
"""

from __future__ import annotations

import cv2
import numpy as np

SIZE = (160, 120)
RATE = 20.0


def room(number: int) -> np.ndarray:
    """A room with its own furniture: blurred blocks, ``(120, 160, 3)``."""
    rng = np.random.default_rng(number)
    blocks = rng.integers(20, 220, (6, 8, 3)).astype(np.uint8)
    return cv2.resize(blocks, SIZE, interpolation=cv2.INTER_CUBIC)


def recording(place: int, motion: int, seconds: float = 4.0) -> list[np.ndarray]:
    """Somebody wanders through room ``place`` on a path that ``motion`` chooses."""
    rng = np.random.default_rng(1000 + motion)
    knots = rng.uniform((10, 10), (SIZE[0] - 40, SIZE[1] - 50), (8, 2))
    shade = rng.integers(0, 255, 3)
    base = room(place)
    images = []
    for index in range(round(seconds * RATE)):
        place_in_time = index / RATE * 1.5
        k = int(place_in_time) % 7
        x, y = knots[k] + (place_in_time % 1) * (knots[k + 1] - knots[k])
        image = base.copy()
        cv2.rectangle(image, (int(x), int(y)), (int(x) + 28, int(y) + 40), shade.tolist(), -1)
        images.append(image)
    return images
