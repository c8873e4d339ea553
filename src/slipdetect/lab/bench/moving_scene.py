"""A rendered scene to compute flow of where no video is at hand: two textures that move.

In: a size and a number of pictures. Out: gray pictures, the same ones every time.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# px per picture of the background, to the right and down
_DRIFT = (0.4, 0.15)
# pictures that the disc takes for a round, and the half axes of its way as a share of the sides
_ROUND = 120
_REACH = (0.15, 0.12)
_RADIUS = 0.22
_NOISE = 1.0


def moving_scene(count: int, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """Yield ``count`` pictures ``(height, width)`` uint8.

    A textured disc of 0.22 of the shorter side goes round in front of a texture that drifts 0.4 px
    to the right and 0.15 px down per picture; the noise has a standard deviation of one level.
    """
    rng = np.random.default_rng(0)
    behind, front = (_Texture(rng, width, height) for _ in range(2))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    for index in range(count):
        angle = 2 * np.pi * index / _ROUND
        right, down = _REACH[0] * width * np.cos(angle), _REACH[1] * height * np.sin(angle)
        away = np.hypot(x - width / 2 - right, y - height / 2 - down)
        inside = np.clip(_RADIUS * min(width, height) - away + 0.5, 0, 1)
        picture = behind.moved(index * _DRIFT[0], index * _DRIFT[1])
        picture += inside * (front.moved(right, down) - picture)
        picture += rng.normal(0, _NOISE, picture.shape)
        yield np.clip(np.rint(picture), 0, 255).astype(np.uint8)


class _Texture:
    """A periodic texture that can be moved by fractions of a px without resampling."""

    def __init__(self, rng: np.random.Generator, width: int, height: int) -> None:
        self._shape = (height, width)
        self._down = np.fft.fftfreq(height)[:, np.newaxis]
        self._right = np.fft.rfftfreq(width)[np.newaxis]
        # power falls with frequency about as in photographs
        weight = 1 / (4e-4 + self._down**2 + self._right**2)
        spectrum = np.fft.rfft2(rng.normal(size=self._shape)) * weight
        spectrum[0, 0] = 0
        self._spectrum = spectrum * (45 / np.fft.irfft2(spectrum, s=self._shape).std())

    def moved(self, right: float, down: float) -> NDArray[np.float64]:
        phase = np.exp(-2j * np.pi * (right * self._right + down * self._down))
        return 128 + np.fft.irfft2(self._spectrum * phase, s=self._shape)
