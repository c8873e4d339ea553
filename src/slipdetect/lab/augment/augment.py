"""One draw of augmentation for all snippets of a window, so that motion stays motion.

In: an ``AugmentConfig`` and generators. Out: what happens to a window, done to all its pictures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.images import Images, flip_images, scale_short_side
from slipdetect.lab.augment.rotate import rotated_crop
from slipdetect.lab.augment.transforms import GroupMultiScaleCrop, GroupRandomCrop
from slipdetect.modalities.snippet import Box, cut

_NOISY = 0.3  # share of windows that get noise
_SHORT_SIDE = 256 / 224  # of the scaled frame, in sides of the input (reference TSN)
_AREA = (0.02, 0.33)
_ASPECT = (0.3, 1 / 0.3)
_FILL = 128  # mid-gray, so no difference from picture to picture; as flow: still
_LEVELS = np.arange(256, dtype=np.float32)


@dataclass(frozen=True)
class Rectangle:
    """Part of a picture, in shares of its width and height.

    Attributes:
        left: Of the picture's width.
        top: Of the picture's height.
        width: Of the picture's width.
        height: Of the picture's height.
    """

    left: float
    top: float
    width: float
    height: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Rectangle:
        """Draw one as Zhong et al. do (AAAI 2020, algorithm 1): area 2 to 33%, aspect 0.3 to 3.3.

        Shapes that would not fit into the picture are not drawn, instead of drawn again, so that
        four numbers are always enough. The logarithm of the aspect is uniform.
        """
        area = rng.uniform(*_AREA)
        tall = rng.uniform(math.log(max(_ASPECT[0], area)), math.log(min(_ASPECT[1], 1.0 / area)))
        height, width = math.sqrt(area * math.exp(tall)), math.sqrt(area / math.exp(tall))
        left, top = rng.uniform(0.0, 1.0, 2) * (1.0 - width, 1.0 - height)
        return cls(float(left), float(top), width, height)

    def erase(self, images: Images) -> Images:
        """Return ``(T, H, W, C)`` uint8 with this part at 128 in every picture."""
        rows, columns = images.shape[1:3]
        left, right = round(self.left * columns), round((self.left + self.width) * columns)
        top, bottom = round(self.top * rows), round((self.top + self.height) * rows)
        erased = images.copy()
        erased[:, top:bottom, left:right] = _FILL
        return erased


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
