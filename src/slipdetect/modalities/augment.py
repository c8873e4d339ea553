"""One draw of augmentation for all snippets of a window, so that motion stays motion.

In: crop boxes and ``(T, S, S, C)`` uint8 windows. Out: the same, changed alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.modalities.motion_crop import Box
from slipdetect.modalities.transforms import Compose, GroupMultiScaleCrop, GroupScale


@dataclass(frozen=True)
class Augmentation:
    """What happens to one window.

    Attributes:
        scale: Factor on the crop's side.
        shift: Of the crop, in fractions of its side, right and down.
        flip: Mirror left-right; flow's u changes sign.
        gain: Contrast factor around mid-grey, per colour channel.
        offset: Brightness added, levels.
        grey: Drop the colours.
        noise: Standard deviation of independent pixel noise, levels.
        noise_seed: Where that noise starts.
        is_flow: Leave values alone but for the flip.
    """

    scale: float
    shift: tuple[float, float]
    flip: bool
    gain: tuple[float, float, float]
    offset: float
    grey: bool
    noise: float
    noise_seed: int
    is_flow: bool

    @classmethod
    def draw(cls, rng: np.random.Generator, *, is_flow: bool) -> Augmentation:
        """Draw the changes for one window."""
        contrast = rng.uniform(0.6, 1.4)
        tint = rng.uniform(0.9, 1.1, 3)
        return cls(
            scale=float(np.exp(rng.uniform(-0.3, 0.3))),
            shift=(float(rng.uniform(-0.15, 0.15)), float(rng.uniform(-0.15, 0.15))),
            flip=bool(rng.random() < 0.5),
            gain=tuple(float(contrast * t) for t in tint),  # type: ignore[arg-type]
            offset=float(rng.uniform(-30, 30)),
            grey=bool(rng.random() < 0.2),
            noise=float(rng.uniform(0, 5)) if rng.random() < 0.3 else 0.0,
            noise_seed=int(rng.integers(2**31)),
            is_flow=is_flow,
        )

    def move(self, box: Box, height: int, width: int) -> Box:
        """Return the jittered crop; it may leave a ``height`` x ``width`` picture a little."""
        side_limit = max(height, width) / max(box.side, 1)
        return box.jittered(min(self.scale, max(side_limit, 1.0)), *self.shift)

    def recolour(self, window: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """Mirror and change the values of a window."""
        if self.flip:
            window = window[..., ::-1, :]
        if self.is_flow:
            return _mirror_u(window) if self.flip else window
        values = window.astype(np.float32)
        if self.grey:
            values = np.repeat(values.mean(axis=-1, keepdims=True), 3, axis=-1)
        values = (values - 128.0) * np.asarray(self.gain, np.float32) + (128.0 + self.offset)
        if self.noise > 0:
            noise = np.random.default_rng(self.noise_seed).standard_normal(
                values.shape, dtype=np.float32
            )
            values += self.noise * noise
        clipped: npt.NDArray[np.uint8] = np.clip(values, 0, 255).astype(np.uint8)
        return clipped


def corner_crop(size: int, is_flow: bool) -> Compose:
    """Return the reference TSN's training crop: corners, scale and aspect jitter, to ``size`` px.

    Flow and RGB difference use the three larger scales in the reference, colour pictures all four;
    here every picture modality uses the four.
    """
    scales = (1.0, 0.875, 0.75) if is_flow else (1.0, 0.875, 0.75, 0.66)
    return Compose([GroupScale(round(size * 256 / 224)), GroupMultiScaleCrop(size, scales)])


def _mirror_u(window: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    window = window.copy()
    window[..., 0] = 255 - window[..., 0]
    return window
