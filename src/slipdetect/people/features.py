"""How a person moves, as numbers that know nothing of the place, the size and the clothes.

In: windows of tracks. Out: features over time.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slipdetect.people.tracks import BOX, INSIDE, POINTS, SCORE, SEEN
from slipdetect.types.person import FACE, KEYPOINTS

Floats = npt.NDArray[np.floating]

FEATURES = 105

_SHOULDERS, _HIPS, _ANKLES = slice(5, 7), slice(11, 13), slice(15, 17)
_TRUNK = [5, 6, 11, 12]
_BODY_PERCENTILE = 0.75


def features(windows: Floats, rate: float) -> Floats:
    """Return the features of windows, ``(windows, 105, pictures)``, within -4 to 4.

    Lengths are in body sizes: the 75th percentile of the longer side of the person's box over the
    window. In order: keypoints relative to the middle of the trunk (34), their scores (17) and
    velocities (34); velocities of the trunk and the box (4); the trunk's way within the window (2);
    log of height over width and its change (2); height, width (2); direction and length of the
    trunk (3); from the ankles to the head (2); top and bottom of the box (2); score, seen, inside.
    All are 0 where the person is not inside the window.

    Args:
        windows: ``(windows, pictures, 58)``, see ``track_window``.
        rate: Pictures a second.
    """
    count, length = windows.shape[:2]
    points = windows[..., :POINTS].reshape(count, length, len(KEYPOINTS), 3)
    box, inside = windows[..., BOX], windows[..., INSIDE]
    places, seen = points[..., :2], points[..., 2]
    sides = box[..., 2:] - box[..., :2]
    body = _body_size(sides.max(-1), inside)[:, None, None]
    middle = (box[..., :2] + box[..., 2:]) / 2
    weights = seen[..., _TRUNK, None] + np.float32(0.02)
    trunk = (places[..., _TRUNK, :] * weights).sum(2) / weights.sum(2)
    relative = (places - trunk[:, :, None]) / body[..., None]
    aspect = np.log(np.maximum(sides[..., 1:], 1e-3) / np.maximum(sides[..., :1], 1e-3))
    hips = places[..., _HIPS, :].mean(2)
    spine = (places[..., _SHOULDERS, :].mean(2) - hips) / body
    length_of_spine = np.sqrt((spine**2).sum(-1, keepdims=True)) + np.float32(1e-3)
    upright = places[..., FACE.start : FACE.stop, :].mean(2) - places[..., _ANKLES, :].mean(2)
    level = _mean(middle[..., 1:], inside)
    flat = (count, length, -1)
    columns = (
        relative.reshape(flat),
        seen,
        np.clip(0.2 * rate * _change(relative).reshape(flat), -2, 2),
        np.clip(0.4 * rate * _change(trunk) / body, -3, 3),
        np.clip(0.4 * rate * _change(middle) / body, -3, 3),
        np.clip((trunk - _mean(trunk, inside)) / body, -3, 3),
        aspect,
        np.clip(0.2 * rate * _change(aspect), -2, 2),
        sides[..., ::-1] / body,
        spine / length_of_spine,
        length_of_spine,
        upright / body,
        np.clip((box[..., [1, 3]] - level) / body, -3, 3),
        2 * windows[..., SCORE, None],
        windows[..., [SEEN, INSIDE]],
    )
    values = np.concatenate(columns, -1) * inside[..., None]
    bounded: Floats = np.clip(values, -4, 4).transpose(0, 2, 1).astype(np.float32)
    return bounded


def _body_size(longest: Floats, inside: Floats) -> Floats:
    """Return the percentile of the pictures that a person is inside of, ``(windows,)``."""
    ordered = np.sort(np.where(inside > 0, longest, -1), 1)
    number = inside.sum(1)
    last = longest.shape[1] - 1
    place = np.clip(last - (1 - _BODY_PERCENTILE) * number, last + 1 - number, last)
    size: Floats = np.maximum(
        np.take_along_axis(ordered, place.astype(int)[:, None], 1)[:, 0], np.float32(1e-3)
    )
    return size


def _mean(values: Floats, inside: Floats) -> Floats:
    number = np.maximum(inside.sum(1), 1)[:, None, None]
    mean: Floats = (values * inside[..., None]).sum(1, keepdims=True) / number
    return mean


def _change(values: Floats) -> Floats:
    """Return the change from the picture before, 0 at the first one."""
    return np.diff(values, axis=1, prepend=values[:, :1])
