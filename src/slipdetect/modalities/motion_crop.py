"""The square part of the picture where something moves, so that near and far people look alike.

In: frames ``(T, H, W, 3)`` uint8. Out: a ``Box`` in pixels, which may reach beyond the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

_PROFILE_SIDE = 60  # rows of the thumbnail on which motion is measured
_NOISE_FLOOR = 8.0  # levels; camera noise after area averaging stays below
_PERCENTILES = (0.04, 0.96)
_MARGIN = 1.35
_SMALLEST_SIDE = 0.3  # of the short side of the picture
_FLOW_CHANNELS = 2
_LEAST_ENERGY = 30.0  # summed levels on the thumbnail; less is a still picture


@dataclass(frozen=True)
class Box:
    """A square region: left, top and side in pixels of the frame it was found in."""

    left: int
    top: int
    side: int

    def jittered(self, scale: float, shift_x: float, shift_y: float) -> Box:
        """Scale around the center, then shift by fractions of the side."""
        side = max(8, round(self.side * scale))
        left = self.left + (self.side - side) / 2 + shift_x * side
        top = self.top + (self.side - side) / 2 + shift_y * side
        return Box(round(left), round(top), side)


@dataclass(frozen=True)
class MotionProfile:
    """Difference energy of one pair of frames, summed over rows and over columns."""

    columns: npt.NDArray[np.float32]
    rows: npt.NDArray[np.float32]


def thumbnail(frame: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return the gray, area-averaged ``(60, w)`` picture on which motion is measured."""
    height, width = frame.shape[:2]
    scale = min(1.0, _PROFILE_SIDE / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    # what mean(axis=2) gives, to the bit, in a third of its time
    red, green, blue = np.moveaxis(small, 2, 0)
    gray: npt.NDArray[np.float32] = (red.astype(np.float32) + green + blue) / np.float32(3)
    return gray


def motion_profile(
    previous: npt.NDArray[np.float32], current: npt.NDArray[np.float32]
) -> MotionProfile:
    """Return the marginals of the thresholded absolute difference of two thumbnails."""
    energy = np.maximum(np.abs(current - previous) - _NOISE_FLOOR, 0.0)
    return MotionProfile(energy.sum(axis=0), energy.sum(axis=1))


def motion_box(profiles: list[MotionProfile], height: int, width: int) -> Box:
    """Return the square around the motion of ``profiles`` in a ``height`` x ``width`` picture.

    The box spans the 4th to 96th percentile of difference energy on both axes, widened by 1.35;
    without motion it is the center square.
    """
    if not profiles:
        return center_box(height, width)
    columns = np.sum([profile.columns for profile in profiles], axis=0)
    rows = np.sum([profile.rows for profile in profiles], axis=0)
    if float(columns.sum()) < _LEAST_ENERGY:
        return center_box(height, width)
    left, right = _span(columns, width)
    top, bottom = _span(rows, height)
    side = max(right - left, bottom - top) * _MARGIN
    side = min(max(side, _SMALLEST_SIDE * min(height, width)), float(max(height, width)))
    x = _keep_inside((left + right) / 2 - side / 2, side, width)
    y = _keep_inside((top + bottom) / 2 - side / 2, side, height)
    return Box(round(x), round(y), round(side))


def motion_extent(profile: MotionProfile) -> float | None:
    """Return the height or width, whichever is more, of what moved between two frames.

    From the 4th to the 96th percentile of difference energy, without the margin of the box, as a
    share of the picture's height; None without motion.
    """
    if float(profile.rows.sum()) < _LEAST_ENERGY:
        return None
    spans = [_span(energy, len(energy)) for energy in (profile.rows, profile.columns)]
    return max(end - start for start, end in spans) / len(profile.rows)


def center_box(height: int, width: int) -> Box:
    """Return the largest centered square."""
    side = min(height, width)
    return Box((width - side) // 2, (height - side) // 2, side)


def cut(
    images: npt.NDArray[np.uint8] | Sequence[npt.NDArray[np.uint8]], box: Box, size: int
) -> npt.NDArray[np.uint8]:
    """Crop T images ``(H, W, C)``, at least one, to ``box``; return ``(T, size, size, C)``.

    What lies outside the picture is mid-gray (128): no difference, no flow.
    """
    height, width, channels = images[0].shape
    x0, y0 = max(box.left, 0), max(box.top, 0)
    # a box beside the picture has an empty part; a negative end would count from the other side
    x1, y1 = max(min(box.left + box.side, width), x0), max(min(box.top + box.side, height), y0)
    out = np.empty((len(images), size, size, channels), np.uint8)
    whole = (x1 - x0, y1 - y0) == (box.side, box.side)
    canvas = np.full((box.side, box.side, channels), 128, np.uint8)
    for index, image in enumerate(images):
        part = image[y0:y1, x0:x1]
        if not whole and part.size:
            top, left = y0 - box.top, x0 - box.left
            canvas[top : top + part.shape[0], left : left + part.shape[1]] = part
        source = part if whole else canvas
        out[index] = _resized(source, size)
    return out


def _resized(part: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Return a square ``(side, side, C)`` as ``(size, size, C)``.

    Pictures are shrunk by way of twice the size, which is within a level of their area average
    and takes a third of its time; flow is smooth, so that it needs no average.
    """
    side, channels = part.shape[1:]
    if side > 4 * size:
        return _scaled(part, size, cv2.INTER_AREA)
    if side <= size or channels == _FLOW_CHANNELS:
        return _scaled(part, size, cv2.INTER_LINEAR)
    return _scaled(_scaled(part, 2 * size, cv2.INTER_LINEAR), size, cv2.INTER_AREA)


def _scaled(part: npt.NDArray[np.uint8], size: int, method: int) -> npt.NDArray[np.uint8]:
    scaled: npt.NDArray[Any] = cv2.resize(part, (size, size), interpolation=method)
    return scaled


def _span(energy: npt.NDArray[np.float32], extent: int) -> tuple[float, float]:
    """Return the percentile span of a marginal, in pixels of an axis of ``extent`` pixels."""
    cumulative = np.cumsum(energy, dtype=np.float64)
    cumulative /= cumulative[-1]
    low = int(np.searchsorted(cumulative, _PERCENTILES[0]))
    high = int(np.searchsorted(cumulative, _PERCENTILES[1])) + 1
    scale = extent / len(energy)
    return low * scale, min(high, len(energy)) * scale


def _keep_inside(start: float, side: float, extent: int) -> float:
    if side >= extent:
        return (extent - side) / 2
    return min(max(start, 0.0), extent - side)
