"""Contrast, brightness, tint, saturation, gray and noise of all pictures of a window.

In: ``(T, H, W, 3)`` uint8 RGB. Out: the same kind; what was still stays still but for the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.modalities.images import Images

_LEVELS = np.arange(256, dtype=np.float32)


@dataclass(frozen=True)
class Colors:
    """How the values of a window change.

    Attributes:
        gain: Contrast factor around mid-gray (128), per color channel.
        offset: Brightness added, levels.
        saturation: Factor on the distance from the pixel's gray (ITU-R BT.601 luma).
        gray: Drop the colors.
        noise: Standard deviation of independent pixel noise, levels.
        noise_seed: Where that noise starts.
    """

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: float = 0.0
    saturation: float = 1.0
    gray: bool = False
    noise: float = 0.0
    noise_seed: int = 0

    def apply(self, images: Images) -> Images:
        """Return the recolored pictures, ``(T, H, W, 3)`` uint8, fractions dropped."""
        images = np.ascontiguousarray(images)
        if self.noise > 0 or (self.saturation != 1.0 and not self.gray):
            return self._by_value(images)
        # without noise a value depends on few others, so all answers fit into a table
        if self.gray:
            sums = images[..., 0].astype(np.uint16) + images[..., 1] + images[..., 2]
            pixels = self._to_bytes(self._stretched(_gray_of_sums())).view("V3").ravel()
            return np.take(pixels, sums).view(np.uint8).reshape(images.shape)
        table = self._to_bytes(self._stretched(np.stack([_LEVELS] * 3, axis=-1)))
        if (table == _LEVELS[:, np.newaxis]).all():
            return images
        rows = images.reshape(len(images), -1, 3)
        return np.asarray(cv2.LUT(rows, table[np.newaxis]), np.uint8).reshape(images.shape)

    def _by_value(self, images: Images) -> Images:
        noise = np.random.default_rng(self.noise_seed)
        changed = np.empty_like(images)
        # picture by picture, so that the values stay in the processor's cache
        for source, target in zip(images, changed, strict=True):
            values = source.astype(np.float32)
            if self.gray:
                values = np.repeat(values.mean(axis=-1, keepdims=True), 3, axis=-1)
            elif self.saturation != 1.0:
                values = _saturated(values, self.saturation)
            values = self._stretched(values)
            if self.noise > 0:
                drawn = noise.standard_normal(values.shape, dtype=np.float32)
                drawn *= np.float32(self.noise)
                values += drawn
            target[...] = self._to_bytes(values)
        return changed

    def _stretched(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return ``(rows, ..., 3)`` after contrast and brightness."""
        # whole rows at once: numpy is slow at rows of three
        flat = values.reshape(len(values), -1) - np.float32(128.0)
        flat *= np.tile(np.asarray(self.gain, np.float32), flat.shape[1] // 3)
        flat += np.float32(128.0 + self.offset)
        return flat.reshape(values.shape)

    @staticmethod
    def _to_bytes(values: npt.NDArray[np.float32]) -> Images:
        clipped: Images = np.clip(values, 0, 255, out=values).astype(np.uint8)
        return clipped


def _saturated(values: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    gray = cv2.cvtColor(cv2.cvtColor(values, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(cv2.addWeighted(values, factor, gray, 1.0 - factor, 0.0), np.float32)


def _gray_of_sums() -> npt.NDArray[np.float32]:
    """Return the mean of three levels for every sum they can have, ``(766, 3)`` float32."""
    levels = np.zeros((3 * 255 + 1, 3), np.float32)
    levels[:, 0] = np.arange(len(levels))
    return np.repeat(levels.mean(axis=-1, keepdims=True), 3, axis=-1)
