"""One draw of augmentation for all snippets of a window, so that motion stays motion.

In: an ``AugmentConfig`` and generators. Out: what happens to a window, done to all its pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from slipdetect.modalities.augment_config import AugmentConfig
from slipdetect.modalities.crops import GroupMultiScaleCrop, GroupRandomCrop
from slipdetect.modalities.erase import Rectangle
from slipdetect.modalities.images import Images, flip_images, scale_short_side
from slipdetect.modalities.motion_crop import Box, cut
from slipdetect.modalities.recolor import Colors
from slipdetect.modalities.rotate import rotated_crop

_NOISY = 0.3  # share of windows that get noise
_SHORT_SIDE = 256 / 224  # of the scaled frame, in sides of the input (reference TSN)


@dataclass(frozen=True)
class Augmentation:
    """What happens to one window.

    Attributes:
        scale: Factor on the crop's side.
        shift: Of the crop, in fractions of its side, right and down.
        flip: Mirror left-right; flow's u changes sign.
        colors: What happens to values; flow is left alone.
        is_flow: Pictures are quantized (u, v).
        rotation: Degrees counterclockwise; flow vectors turn too.
        speed: How many times as fast the window is played.
        erased: Part without picture.
    """

    scale: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)
    flip: bool = False
    colors: Colors = field(default_factory=Colors)
    is_flow: bool = False
    rotation: float = 0.0
    speed: float = 1.0
    erased: Rectangle | None = None

    @classmethod
    def draw(
        cls,
        config: AugmentConfig,
        rng: np.random.Generator,
        more: np.random.Generator,
        *,
        is_flow: bool,
    ) -> Augmentation:
        """Draw the changes for one window.

        Every number is drawn whatever the strengths are, so that one strength does not change
        what another one draws.

        Args:
            config: Strengths.
            rng: Draws what the bundled model was trained with, in its order.
            more: Draws rotation, speed, saturation and erasing.
            is_flow: Pictures are quantized (u, v).
        """
        contrast = rng.uniform(1.0 - config.contrast, 1.0 + config.contrast)
        tint = rng.uniform(1.0 - config.tint, 1.0 + config.tint, 3)
        scale = float(np.exp(rng.uniform(-config.scale_jitter, config.scale_jitter)))
        reach = config.shift_jitter
        shift = float(rng.uniform(-reach, reach)), float(rng.uniform(-reach, reach))
        flip = bool(rng.random() < config.flip)
        offset = float(rng.uniform(-config.brightness, config.brightness))
        gray = bool(rng.random() < config.gray)
        noise = float(rng.uniform(0, config.noise)) if rng.random() < _NOISY else 0.0
        noise_seed = int(rng.integers(2**31))
        rotation = float(more.uniform(-config.rotation, config.rotation))
        fastest = math.log(config.speed)
        speed = float(np.exp(more.uniform(-fastest, fastest)))
        saturation = float(more.uniform(1.0 - config.saturation, 1.0 + config.saturation))
        erases, rectangle = bool(more.random() < config.erase), Rectangle.draw(more)
        gain = (float(contrast * tint[0]), float(contrast * tint[1]), float(contrast * tint[2]))
        return cls(
            scale=scale,
            shift=shift,
            flip=flip,
            colors=Colors(gain, offset, saturation, gray, noise, noise_seed),
            is_flow=is_flow,
            rotation=rotation,
            speed=speed,
            erased=rectangle if erases else None,
        )

    def move(self, box: Box, height: int, width: int) -> Box:
        """Return the jittered crop; it may leave a ``height`` x ``width`` picture a little."""
        side_limit = max(height, width) / max(box.side, 1)
        return box.jittered(min(self.scale, max(side_limit, 1.0)), *self.shift)

    def cut(self, images: Images, box: Box, size: int) -> Images:
        """Crop ``(T, H, W, C)`` to ``box``, turned about its center, as ``(T, size, size, C)``."""
        if self.rotation == 0:
            return cut(images, box, size)
        place = box.left, box.top, box.side, box.side
        return rotated_crop(images, place, size, self.rotation, self.is_flow)

    def cut_anywhere(
        self, images: Images, crop: GroupMultiScaleCrop | GroupRandomCrop, rng: np.random.Generator
    ) -> Images:
        """Crop ``(T, H, W, C)`` where ``crop`` draws it, as ``(T, size, size, C)``.

        As in the reference TSN, the shorter side is scaled to 256 px for an input of 224 first.
        """
        images = scale_short_side(images, round(crop.size * _SHORT_SIDE))
        if self.rotation == 0:
            return crop(images, rng)
        place = crop.place(images.shape[1], images.shape[2], rng)
        return rotated_crop(images, place, crop.size, self.rotation, self.is_flow)

    def finish(self, window: Images) -> Images:
        """Mirror, recolor and erase the cut pictures of a window, ``(T, S, S, C)`` uint8."""
        if self.flip:
            window = flip_images(window, self.is_flow)
        if not self.is_flow:
            window = self.colors.apply(window)
        return window if self.erased is None else self.erased.erase(window)


def whole_picture_crop(
    config: AugmentConfig, size: int
) -> GroupMultiScaleCrop | GroupRandomCrop | None:
    """Return the training crop that is drawn from the whole picture; None: one around a box."""
    if config.train_crop == "random":
        return GroupRandomCrop(size)
    if config.train_crop in ("multiscale", "corners"):
        more = config.train_crop == "multiscale"
        return GroupMultiScaleCrop(size, tuple(config.crop_scales), more_fix_crop=more)
    return None
