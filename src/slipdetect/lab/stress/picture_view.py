"""Pictures as a camera gives them that is placed otherwise, or sees a part only.

In: ``(H, W, 3)`` uint8. Out: a picture of the same size, or a smaller or upright one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.modalities.rotate import OUTSIDE, rotate_images

Picture = npt.NDArray[np.uint8]


def edges_cut(image: Picture, share: float) -> Picture:
    """Return what is left when ``share`` of height and width is cut off at each of four edges."""
    height, width = image.shape[:2]
    # of very small pictures a pixel is left
    y, x = (min(round(share * side), (side - 1) // 2) for side in (height, width))
    return np.ascontiguousarray(image[y : height - y, x : width - x])


def lower_covered(image: Picture, share: float) -> Picture:
    """Return the picture with the lowest ``share`` of its rows mid-gray, as behind furniture."""
    covered = image.copy()
    height = len(image)
    covered[height - round(share * height) :] = OUTSIDE
    return covered


def mirrored(image: Picture) -> Picture:
    """Return the picture with left and right exchanged."""
    return np.ascontiguousarray(image[:, ::-1])


def tilted(image: Picture, degrees: float) -> Picture:
    """Return the picture turned about its center, in its old frame; empty corners are mid-gray.

    Args:
        image: The picture.
        degrees: Counterclockwise as seen.
    """
    return np.asarray(rotate_images(image[np.newaxis], degrees)[0])


def turned(image: Picture, degrees: float) -> Picture:
    """Return the picture turned by quarter turns; width and height are exchanged by an odd number.

    Args:
        image: The picture.
        degrees: Counterclockwise as seen, a multiple of 90.

    Raises:
        UsageError: It is no multiple of 90.
    """
    if degrees % 90:
        raise UsageError(f"quarter turns are 90, 180 or 270 degrees, not {degrees:g}; use tilt")
    return np.ascontiguousarray(np.rot90(image, round(degrees / 90)))
