"""Pictures as poor light, cheap sensors, bad lenses and badly placed cameras give them.

In: ``(H, W, 3)`` uint8, or frames. Out: a picture of the same size, or a smaller or upright one;
some of the frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.lab.augment.rotate import OUTSIDE, rotate_images
from slipdetect.video import Frame

Picture = npt.NDArray[np.uint8]

_SAME = 1e-6  # of a picture's duration: k / 30 s times 10 is not exactly a third of k


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
    """Return the picture turned counterclockwise in its frame; empty corners are mid-gray."""
    return np.asarray(rotate_images(image[np.newaxis], degrees)[0])


def turned(image: Picture, degrees: float) -> Picture:
    """Return the picture turned counterclockwise by quarter turns, ``degrees`` a multiple of 90.

    Raises:
        UsageError: It is no multiple of 90.
    """
    if degrees % 90:
        raise UsageError(f"quarter turns are 90, 180 or 270 degrees, not {degrees:g}; use tilt")
    return np.ascontiguousarray(np.rot90(image, round(degrees / 90)))


def darkened(image: Picture, share: float) -> Picture:
    """Return the picture with every level times ``share`` (0 to 1), rounded."""
    table = np.rint(np.arange(256) * share).astype(np.uint8)
    return np.asarray(table[image])


def noisy(image: Picture, deviation: float, random: np.random.Generator) -> Picture:
    """Return the picture with Gaussian noise of that ``deviation`` (levels), clipped to 0..255."""
    noise = random.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + np.float32(deviation) * noise), 0, 255).astype(np.uint8)


def blurred(image: Picture, share: float) -> Picture:
    """Return the picture out of focus: a Gaussian of ``share`` of the short side, deviation.

    The picture is continued by its mirror image beyond its edges.
    """
    deviation = share * min(image.shape[:2])
    return np.asarray(cv2.GaussianBlur(image, (0, 0), deviation), np.uint8)


def slowed(frames: Iterator[Frame], rate: float) -> Iterator[Frame]:
    """Yield the first frame of every 1 / ``rate`` seconds; what is slower stays as it is."""
    last = -1
    for frame in frames:
        slot = math.floor(frame.time * rate + _SAME)
        if slot > last:
            last = slot
            yield frame
