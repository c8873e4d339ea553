"""Group transforms: what is drawn for one picture of a snippet is done to all of them.

In: ``(T, H, W, C)`` uint8 and a numpy Generator, as ``transform(images, rng)``. Out: the same kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slipdetect.lab.augment.images import Images, check_images, flip_images, resize_images

_SNAP = 3


def crop_sizes(
    width: int, height: int, size: int, scales: Sequence[float]
) -> list[tuple[int, int]]:
    """List the (width, height) pairs that multi-scale cropping chooses from.

    Sides are ``scales`` of the shorter picture side; a side less than 3 px away from ``size`` is
    snapped to it, so that it needs no resizing; a pair's scales are at most one apart. Never larger
    than the picture, never zero.
    """
    short = min(width, height)
    sides = [int(short * scale) for scale in scales]
    sides = [size if abs(side - size) < _SNAP else side for side in sides]
    sides = [min(max(side, 1), short) for side in sides]
    return [
        (crop_width, crop_height)
        for i, crop_height in enumerate(sides)
        for j, crop_width in enumerate(sides)
        if abs(i - j) <= 1
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
class GroupRandomCrop:
    """Crop a square of ``size`` px anywhere."""

    size: int  # side of the result, px

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """Return ``(T, size, size, C)``; one draw for all T."""
        check_images(images)
        left, top, width, height = self.place(images.shape[1], images.shape[2], rng)
        crop = images[:, top : top + height, left : left + width]
        return np.ascontiguousarray(resize_images(crop, self.size, self.size))

    def place(self, height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of the crop of a ``height`` x ``width`` picture, px."""
        left = int(rng.integers(width - self.size + 1))
        top = int(rng.integers(height - self.size + 1))
        return left, top, self.size, self.size


@dataclass(frozen=True)
class GroupMultiScaleCrop(GroupRandomCrop):
    """Crop at a random scale, aspect and place, then resize (Wang et al., ECCV 2016, 3.3).

    Works on pictures of any size: the crop is a share of the picture, resized up where needed.
    """

    scales: tuple[float, ...] = (1.0, 0.875, 0.75, 0.66)  # sides, of the shorter picture side
    more_fix_crop: bool = True  # 13 fixed positions instead of 5

    def place(self, height: int, width: int, rng: np.random.Generator) -> tuple[int, int, int, int]:
        """Draw left, top, width and height of the crop of a ``height`` x ``width`` picture, px."""
        pairs = crop_sizes(width, height, self.size, self.scales)
        crop_width, crop_height = pairs[int(rng.integers(len(pairs)))]
        places = fixed_offsets(width, height, crop_width, crop_height, self.more_fix_crop)
        left, top = places[int(rng.integers(len(places)))]
        return left, top, crop_width, crop_height


def ten_crops(images: Images, size: int, *, flip: bool = True, is_flow: bool = False) -> Images:
    """Return corners and center, each plain and mirrored: the ten crops of testing.

    Args:
        images: ``(T, H, W, C)`` uint8, neither side below ``size``.
        size: Side of each crop, px.
        flip: Add the mirrored crops.
        is_flow: Pictures are quantized (u, v): mirroring also inverts u.

    Returns:
        ``(10 or 5, T, S, S, C)``: per place the plain crop, then its mirror image.
    """
    check_images(images, is_flow)
    crops = []
    for left, top in fixed_offsets(images.shape[2], images.shape[1], size, size, more=False):
        crop = images[:, top : top + size, left : left + size]
        crops += [crop, flip_images(crop, is_flow)] if flip else [crop]
    return np.stack(crops)
