"""A camera anywhere, turned any way, that sees points.

In: points in meters, z up. Out: pixels and meters ahead of the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NEAREST = 0.2  # meters ahead; what is nearer is projected from there
SIZES = ((320, 180), (320, 240), (320, 240), (240, 320))  # of pictures, pixels
CEILING, HIGH = 0.15, 0.45  # shares of cameras; the others are low


@dataclass(frozen=True, eq=False)
class Viewpoint:
    """A pinhole camera.

    Attributes:
        position: ``(3,)`` meters.
        axes: ``(3, 3)``: unit vectors to the right, down and ahead.
        focal: Focal length, pixels.
        width, height: Of the picture, pixels.
    """

    position: np.ndarray
    axes: np.ndarray
    focal: float
    width: int
    height: int

    def see(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project ``points (..., 3)``.

        Returns:
            Pixels ``(..., 2)``, x to the right and y down from the top left corner, and how far
            ahead the points are ``(...,)``, meters.
        """
        seen = (points - self.position) @ self.axes.T
        ahead = seen[..., 2]
        flat = seen[..., :2] * (self.focal / np.maximum(ahead, NEAREST))[..., None]
        return flat + np.array([self.width / 2, self.height / 2]), ahead


def draw_viewpoint(target: np.ndarray, rng: np.random.Generator) -> Viewpoint:
    """Draw a camera that looks, more or less, at ``target (3,)`` from any side.

    Some hang at the ceiling, nearly above and turned any way; some are as high as those of rooms
    and streets; the others as high as what is held or put down somewhere.
    """
    kind = rng.uniform()
    if kind < CEILING:
        above, far = rng.uniform(2.4, 3.6), rng.uniform(0.2, 1.6)
        roll = rng.uniform(0, 360)
    else:
        high = kind < CEILING + HIGH
        above = rng.uniform(1.6, 3.2) if high else rng.uniform(0.4, 1.7)
        far, roll = rng.uniform(2.0, 7.0 if high else 6.0), rng.normal(0, 3)
    side = rng.uniform(0, 2 * np.pi)
    position = np.array(
        [target[0] + far * np.cos(side), target[1] + far * np.sin(side), above], float
    )
    forward = target - position + rng.normal(0, 0.15, 3)
    width, height = SIZES[int(rng.integers(len(SIZES)))]
    focal = float(rng.uniform(0.55, 1.1)) * width
    return Viewpoint(position, axes_of(forward, float(roll)), focal, width, height)


def axes_of(forward: np.ndarray, roll: float) -> np.ndarray:
    """Axes of a camera that looks along ``forward``, rolled by degrees about that direction."""
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right = right / (np.linalg.norm(right) + 1e-9)
    down = np.cross(forward, right)
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    return np.stack([cos * right + sin * down, cos * down - sin * right, forward])
