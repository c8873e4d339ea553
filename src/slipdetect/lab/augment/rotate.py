"""Turning pictures about a point; of flow, the vectors turn with the picture.

In: ``(T, H, W, C)`` uint8 and an angle. Out: the same kind, 128 where there is no picture.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.lab.augment.images import Images, check_images, resize_images

Place: TypeAlias = tuple[float, float, float, float]  # left, top, width, height in px

OUTSIDE = 128  # mid-gray: no difference, no flow
_ZERO_FLOW = 127.5  # what 0 px is before rounding; a still pixel is stored as 128
_STILL = 128


def rotate_images(images: Images, degrees: float, is_flow: bool = False) -> Images:
    """Turn pictures about their center, bilinearly; the size stays.

    Args:
        images: ``(T, H, W, C)`` uint8.
        degrees: Counterclockwise as seen.
        is_flow: Pictures are quantized (u, v): vectors turn by the same angle.

    Returns:
        ``(T, H, W, C)`` uint8; 128 where there was no picture.
    """
    check_images(images, channels=2 if is_flow else None)
    if degrees == 0:
        return images
    height, width = images.shape[1:3]
    return _warp(images, (0.0, 0.0, width, height), (width, height), degrees, is_flow)


def rotated_crop(images: Images, place: Place, size: int, degrees: float, is_flow: bool) -> Images:
    """Crop to a rectangle turned about its own center, and resize to a square.

    What the picture holds beyond the rectangle turns into view; 128 is only beyond the picture.
    Pictures are shrunk by area, all else is bilinear. The crop is scaled first and turned then,
    so that an aspect jitter stays one of width against height.

    Args:
        images: ``(T, H, W, C)`` uint8.
        place: Left, top, width, height of the rectangle, px; may reach beyond the picture.
        size: Side of the result, px.
        degrees: How far the content turns, counterclockwise as seen.
        is_flow: Pictures are quantized (u, v): vectors turn by the same angle.

    Returns:
        ``(T, size, size, C)`` uint8.
    """
    check_images(images, channels=2 if is_flow else None)
    left, top, width, height = place
    old_height, old_width = images.shape[1:3]
    # bilinear sampling of a picture larger than the result would alias
    new_height = round(old_height * min(1.0, size / height))
    new_width = round(old_width * min(1.0, size / width))
    x, y = max(new_width, 1) / old_width, max(new_height, 1) / old_height
    images = resize_images(images, max(new_height, 1), max(new_width, 1))
    scaled = (left * x, top * y, width * x, height * y)
    return _warp(images, scaled, (size, size), degrees, is_flow)


def rotate_vectors(flow: Images, degrees: float) -> Images:
    """Turn quantized flow vectors where they are.

    A vector turns about 127.5, the level of 0 px; what leaves 0..255 is clipped, and still pixels
    stay at exactly 128.

    Args:
        flow: ``(T, H, W, 2)`` uint8 (u, v).
        degrees: Counterclockwise as seen; v points down.

    Returns:
        ``(T, H, W, 2)`` uint8.
    """
    check_images(flow, channels=2)
    return _map_vectors(flow, _turn(degrees))


def scale_vectors(flow: Images, factor: float) -> Images:
    """Lengthen quantized flow vectors, about 127.5; clipped, and still pixels stay at 128.

    Args:
        flow: ``(T, H, W, 2)`` uint8 (u, v).
        factor: On the length.

    Returns:
        ``(T, H, W, 2)`` uint8.
    """
    check_images(flow, channels=2)
    return _map_vectors(flow, factor * np.eye(2))


def check_degrees(degrees: float) -> None:
    """Raise ``UsageError`` unless ``degrees`` can be a largest rotation."""
    if not 0.0 <= degrees <= 180.0:
        raise UsageError(f"the largest rotation must lie in 0..180 degrees, not {degrees}")


def _turn(degrees: float) -> npt.NDArray[np.float64]:
    """Return the matrix that turns (x right, y down) counterclockwise as seen."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cos, sin], [-sin, cos]])


def _map_vectors(flow: Images, matrix: npt.NDArray[np.float64]) -> Images:
    table = _vector_table(*(float(value) for value in matrix.ravel()))
    # a pair of bytes is one number, so that all answers are looked up
    pairs = np.ascontiguousarray(flow).view(np.uint16)
    return np.take(table, pairs).view(np.uint8)


@lru_cache(maxsize=8)
def _vector_table(a: float, b: float, c: float, d: float) -> npt.NDArray[np.uint16]:
    """Return what ``[[a, b], [c, d]]`` makes of every (u, v), both as pairs of bytes."""
    levels = np.arange(1 << 16, dtype=np.uint16).view(np.uint8).reshape(-1, 2)
    vectors = levels.astype(np.float64) - _ZERO_FLOW
    mapped = np.rint(vectors @ np.array([[a, c], [b, d]]) + _ZERO_FLOW)
    mapped[(levels == _STILL).all(axis=1)] = _STILL
    table: npt.NDArray[np.uint16] = np.clip(mapped, 0, 255).astype(np.uint8).view(np.uint16)
    return table.ravel()


def _warp(
    images: Images,
    place: tuple[float, float, float, float],
    out: tuple[int, int],
    degrees: float,
    is_flow: bool,
) -> Images:
    """Sample every picture where each result pixel, turned back and scaled, lies in ``place``."""
    left, top, width, height = place
    scale = np.diag([width / out[0], height / out[1]])
    back = scale @ _turn(-degrees)
    center = np.array([left + width / 2, top + height / 2])
    # cv2 counts from the middle of the first pixel, hence the halves
    offset = center - 0.5 - back @ (np.array(out) / 2 - 0.5)
    matrix = np.column_stack([back, offset])
    warped = np.empty((len(images), out[1], out[0], images.shape[-1]), np.uint8)
    for source, target in zip(images, warped, strict=True):
        target[...] = cv2.warpAffine(
            np.ascontiguousarray(source),
            matrix,
            out,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(OUTSIDE,) * 4,
        ).reshape(target.shape)
    return rotate_vectors(warped, degrees) if is_flow else warped
