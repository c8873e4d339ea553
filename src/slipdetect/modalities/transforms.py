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
from slipdetect.modalities.crops import (
    GroupCenterCrop,
    GroupMultiScaleCrop,
    GroupOverSample,
    GroupRandomCrop,
    crop_sizes,
    fixed_offsets,
)
from slipdetect.modalities.images import Images, check_images, flip_images, scale_short_side
from slipdetect.modalities.rotate import check_degrees, rotate_images

__all__ = [
    "Compose",
    "GroupCenterCrop",
    "GroupColorJitter",
    "GroupMultiScaleCrop",
    "GroupOverSample",
    "GroupRandomCrop",
    "GroupRandomHorizontalFlip",
    "GroupRandomRotation",
    "GroupScale",
    "GroupTransform",
    "crop_sizes",
    "fixed_offsets",
]

GroupTransform: TypeAlias = Callable[[Images, np.random.Generator], Images]

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
