"""The pictures in which people are looked for, and whether only the light changed in them.

In: the sampled frames of a video in order. Out: every n-th one, small.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import motion_profile, moving_box, thumbnail

Picture = npt.NDArray[np.uint8]
Thumbnail = npt.NDArray[np.float32]

SIDE = 256  # longer side of a picture at most, pixels

_CHANGED = 8.0  # levels of a thumbnail; camera noise stays below
_SHARE = 0.75  # of the picture: who moves is smaller
_ALIKE = 0.8  # correlation of edges; in a picture that was shifted they lie elsewhere
_DARK = 16.0  # levels; below, edges are noise


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


def only_light_changed(pictures: Sequence[npt.NDArray[np.uint8]]) -> bool:
    """Return whether all of the light changed between pictures ``(H, W, 3)``, and nothing else.

    A camera that gets used to it dims its pictures afterwards. Whoever falls does so over several
    pictures, so that one pair is enough to tell.
    """
    changed = False
    for before, after in pairwise(map(thumbnail, pictures)):
        if _still(before, after):
            continue
        everywhere = float(np.mean(np.abs(after - before) > _CHANGED)) >= _SHARE
        if not _dimmed(before, after) and not (everywhere and _same_edges(before, after)):
            return False
        changed = changed or everywhere
    return changed


def _still(before: Thumbnail, after: Thumbnail) -> bool:
    return moving_box([motion_profile(before, after)]) is None


def _dimmed(before: Thumbnail, after: Thumbnail) -> bool:
    """Whether every level has become another one, the same wherever it is seen."""
    curve = np.polynomial.Polynomial.fit(before.ravel(), after.ravel(), 3)
    return _still(curve(before).astype(np.float32), after)


def _same_edges(before: Thumbnail, after: Thumbnail) -> bool:
    """Whether edges are where they were, by a light from elsewhere or of another color.

    Edges are differences of logarithms, which the strength of a light does not change.
    """
    one, other = _edges(before), _edges(after)
    size = float(np.linalg.norm(one) * np.linalg.norm(other))
    return size > 0 and float(one @ other) / size >= _ALIKE


def _edges(picture: Thumbnail) -> Thumbnail:
    level = np.log(picture + np.float32(_DARK))
    both = np.concatenate([np.diff(level, axis=axis).ravel() for axis in (0, 1)])
    centered: Thumbnail = both - both.mean()
    return centered
