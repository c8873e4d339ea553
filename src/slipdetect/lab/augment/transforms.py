"""Group transforms: what is drawn for one picture of a snippet is done to all of them.

In: ``(T, H, W, C)`` uint8 and a numpy Generator, as ``transform(images, rng)``. Out: the same kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.lab.augment.images import (
    Images,
    check_images,
    flip_images,
    resize_images,
    scale_short_side,
)
from slipdetect.lab.augment.rotate import check_degrees, rotate_images

GroupTransform: TypeAlias = Callable[[Images, np.random.Generator], Images]

_SNAP = 3
# ITU-R BT.601 luma of R, G, B, the gray that cv2 also uses
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


class Compose:
    """Apply transforms one after another; ``GroupOverSample`` can only be the last."""

    def __init__(self, transforms: Sequence[GroupTransform]) -> None:
        self.transforms = tuple(transforms)

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return ``images`` after every transform, all drawing from ``rng`` in order."""
        for transform in self.transforms:
            images = transform(images, rng)
        return images


@dataclass(frozen=True)
class GroupScale:
    """Resize so that the shorter side has ``short_side`` px, keeping the aspect ratio."""

    short_side: int

    def __post_init__(self) -> None:
        if self.short_side < 1:
            raise UsageError(f"short_side must be at least 1 px, not {self.short_side}")

    def __call__(self, images: Images, rng: np.random.Generator | None = None) -> Images:
        """Return the resized pictures; nothing is drawn."""
        check_images(images)
        return scale_short_side(images, self.short_side)


@dataclass(frozen=True)
class GroupRandomHorizontalFlip:
    """Mirror all pictures or none, evenly likely.

    Attributes:
        is_flow: Pictures are quantized (u, v): mirroring also turns u into ``255 - u``.
    """

    is_flow: bool = False

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return the pictures, mirrored or as they are; one draw for all T."""
        check_images(images, channels=2 if self.is_flow else None)
        return flip_images(images, self.is_flow) if rng.random() < 0.5 else images


@dataclass(frozen=True)
class GroupRandomRotation:
    """Turn all pictures about their center by one random angle, bilinearly.

    What comes into view from outside is 128: mid-gray, no flow.

    Attributes:
        degrees: The angle is drawn from ``-degrees .. degrees``, at most 180.
        is_flow: Pictures are quantized (u, v): the vectors turn with the picture.
    """

    degrees: float
    is_flow: bool = False

    def __post_init__(self) -> None:
        check_degrees(self.degrees)

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return the pictures, turned, in their size; one draw for all T."""
        return rotate_images(images, rng.uniform(-self.degrees, self.degrees), self.is_flow)


@dataclass(frozen=True)
class GroupColorJitter:
    """Change brightness, contrast and saturation by one random factor each; not for flow.

    Each factor is drawn from ``1 - amount .. 1 + amount``. Contrast turns about the mean gray of
    the whole group, so that still pictures stay equal and their differences zero.

    Attributes:
        brightness: Amount, 0 to 1.
        contrast: Amount, 0 to 1.
        saturation: Amount, 0 to 1.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise UsageError(f"{name} jitter must lie in 0..1, not {getattr(self, name)}")

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return ``(T, H, W, 3)`` uint8; one draw for all T."""
        check_images(images, channels=3)
        amounts = np.array([self.brightness, self.contrast, self.saturation])
        brightness, contrast, saturation = 1.0 + amounts * rng.uniform(-1.0, 1.0, size=3)
        values = images.astype(np.float32)
        values = _blend(values, np.zeros((), np.float32), brightness)
        values = _blend(values, (values @ _LUMA).mean(), contrast)
        values = _blend(values, (values @ _LUMA)[..., np.newaxis], saturation)
        return np.rint(values).astype(np.uint8)


def _blend(
    values: NDArray[np.float32], base: NDArray[np.float32], factor: float
) -> NDArray[np.float32]:
    blended: NDArray[np.float32] = base + (values - base) * np.float32(factor)
    return np.clip(blended, 0.0, 255.0, out=blended)


def crop_sizes(
    width: int, height: int, size: int, scales: Sequence[float], max_distort: int = 1
) -> list[tuple[int, int]]:
    """List the (width, height) pairs that multi-scale cropping chooses from.

    Sides are ``scales`` of the shorter picture side; a side less than 3 px away from ``size`` is
    snapped to it, so that it needs no resizing; a pair's scales are at most ``max_distort`` apart.
    Never larger than the picture, never zero.
    """
    short = min(width, height)
    sides = [int(short * scale) for scale in scales]
    sides = [size if abs(side - size) < _SNAP else side for side in sides]
    sides = [min(max(side, 1), short) for side in sides]
    return [
        (crop_width, crop_height)
        for i, crop_height in enumerate(sides)
        for j, crop_width in enumerate(sides)
        if abs(i - j) <= max_distort
    ]


def fixed_offsets(
    width: int, height: int, crop_width: int, crop_height: int, more: bool
) -> list[tuple[int, int]]:
    """List the fixed (left, top) positions of a crop, in px.

    The first five are the corners and the center; ``more`` adds the middles of the four edges and
    the four quarter points. Positions lie on a grid of whole steps, a quarter of the room to move.
    """
    grid = [(0, 0), (4, 0), (0, 4), (4, 4), (2, 2)]
    if more:
        grid += [(0, 2), (4, 2), (2, 4), (2, 0), (1, 1), (3, 1), (1, 3), (3, 3)]
    step_x, step_y = (width - crop_width) // 4, (height - crop_height) // 4
    return [(x * step_x, y * step_y) for x, y in grid]


@dataclass(frozen=True)
class GroupMultiScaleCrop:
    """Crop at a random scale, aspect and place, then resize (Wang et al., ECCV 2016, 3.3).

    Works on pictures of any size: the crop is a share of the picture, resized up where needed.

    Attributes:
        size: Side of the result, px.
        scales: Crop sides as shares of the shorter picture side.
        max_distort: How many scales apart width and height may be.
        fix_crop: Fixed positions; otherwise anywhere.
        more_fix_crop: 13 fixed positions instead of 5.
    """

    size: int
    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)
    max_distort: int = 1
    fix_crop: bool = True
    more_fix_crop: bool = True

    def __post_init__(self) -> None:
        _check_size(self.size)
        if not self.scales or min(self.scales) <= 0 or max(self.scales) > 1:
            raise UsageError(f"crop scales must lie in (0, 1], at least one; got {self.scales}")
        if self.max_distort < 0:
            raise UsageError(f"max_distort must be at least 0, not {self.max_distort}")

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return ``(T, size, size, C)``; one draw for all T."""
        check_images(images)
        left, top, width, height = self.place(images.shape[1], images.shape[2], rng)
        crop = images[:, top : top + height, left : left + width]
        return np.ascontiguousarray(resize_images(crop, self.size, self.size))

    def place(self, height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of the crop of a ``height`` x ``width`` picture, px."""
        pairs = crop_sizes(width, height, self.size, self.scales, self.max_distort)
        crop_width, crop_height = pairs[int(rng.integers(len(pairs)))]
        if self.fix_crop:
            places = fixed_offsets(width, height, crop_width, crop_height, self.more_fix_crop)
            left, top = places[int(rng.integers(len(places)))]
        else:
            left = int(rng.integers(width - crop_width + 1))
            top = int(rng.integers(height - crop_height + 1))
        return left, top, crop_width, crop_height


@dataclass(frozen=True)
class GroupRandomCrop:
    """Crop a square of ``size`` px anywhere; smaller pictures are scaled up to fit first."""

    size: int

    def __post_init__(self) -> None:
        _check_size(self.size)

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return ``(T, size, size, C)``; one draw for all T."""
        images = _at_least(images, self.size)
        left, top, *_ = self.place(images.shape[1], images.shape[2], rng)
        return _square(images, left, top, self.size)

    def place(self, height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of the crop of a ``height`` x ``width`` picture, px."""
        left = int(rng.integers(width - self.size + 1))
        top = int(rng.integers(height - self.size + 1))
        return left, top, self.size, self.size


@dataclass(frozen=True)
class GroupCenterCrop:
    """Crop the central square of ``size`` px; smaller pictures are scaled up to fit first."""

    size: int

    def __post_init__(self) -> None:
        _check_size(self.size)

    def __call__(self, images: Images, rng: np.random.Generator | None = None) -> Images:
        """Return ``(T, size, size, C)``; nothing is drawn."""
        images = _at_least(images, self.size)
        left, top = (images.shape[2] - self.size) // 2, (images.shape[1] - self.size) // 2
        return _square(images, left, top, self.size)


@dataclass(frozen=True)
class GroupOverSample:
    """Corners and center, each plain and mirrored: the ten crops of testing.

    Smaller pictures are scaled up to fit first.

    Attributes:
        crop_size: Side of each crop, px.
        flip: Add the mirrored crops.
        is_flow: Pictures are quantized (u, v): mirroring also inverts u.
    """

    crop_size: int
    flip: bool = True
    is_flow: bool = False

    def __post_init__(self) -> None:
        _check_size(self.crop_size)

    def __call__(self, images: Images, rng: np.random.Generator | None = None) -> Images:
        """Return ``(10 or 5, T, S, S, C)``: per place the plain crop, then its mirror image."""
        images = _at_least(images, self.crop_size)
        height, width = images.shape[1:3]
        crops = []
        for left, top in fixed_offsets(width, height, self.crop_size, self.crop_size, more=False):
            crop = _square(images, left, top, self.crop_size)
            crops.append(crop)
            if self.flip:
                crops.append(flip_images(crop, self.is_flow))
        return np.stack(crops)


def _check_size(size: int) -> None:
    if size < 1:
        raise UsageError(f"crop size must be at least 1 px, not {size}")


def _at_least(images: Images, size: int) -> Images:
    check_images(images)
    return scale_short_side(images, size) if min(images.shape[1:3]) < size else images


def _square(images: Images, left: int, top: int, size: int) -> Images:
    return np.ascontiguousarray(images[:, top : top + size, left : left + size])
