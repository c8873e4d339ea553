"""The pictures in which people are looked for, alike in training and in detection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError

Picture = npt.NDArray[np.uint8]

SIDE = 256  # longer side of a picture at most, pixels


class PictureSampler:
    """Takes every n-th frame and makes it small.

    Args:
        sample_fps: Frames a second that are pushed.
        rate: Pictures a second that are wanted.

    Raises:
        UsageError: ``sample_fps`` is no multiple of ``rate``.
    """

    def __init__(self, sample_fps: float, rate: float) -> None:
        apart = sample_fps / rate
        if apart < 1 or apart != round(apart):
            raise UsageError(
                f"sample_fps ({sample_fps:g}) must be a multiple of pose.rate ({rate:g}): people "
                "are looked for in every n-th frame"
            )
        self._apart = round(apart)
        self._seen = 0

    def push(self, image: Picture) -> tuple[int, Picture] | None:
        """Take the next frame; return the number of its picture and the picture, if it has one.

        Args:
            image: ``(H, W, 3)`` RGB.
        """
        number, beside = divmod(self._seen, self._apart)
        self._seen += 1
        return None if beside else (number, _shrunk(image))


def _shrunk(image: Picture) -> Picture:
    import cv2

    height, width = image.shape[:2]
    scale = SIDE / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
