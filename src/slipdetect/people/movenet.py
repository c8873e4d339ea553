"""MoveNet MultiPose Lightning: up to six people and their keypoints in one picture.

In: a picture. Out: ``Person``s. A CenterNet (Zhou et al., 2019, section 3 and 5) on MobileNetV2;
``examples/convert_movenet.py`` makes the file that it reads.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.errors import ModelError
from slipdetect.types.person import KEYPOINTS, Person

Floats = npt.NDArray[np.floating]

SIDE = 192  # longer side of what the network sees, pixels
MOST = 6  # people in a picture

_STRIDE = 4  # pixels of a cell of the heads
_MULTIPLE = 32  # of both sides of the network's input
_CHANNELS = (1, 2, 2, 17, 34, 34)  # center, size, its offset, heat, regressed, offset of keypoints
_LEAST_CENTER = 0.05
_LEAST_SEEN = 0.12695  # keypoints below do not count for the person's score
_REACH = 0.30005  # of the keypoints' weight around the regressed place, cells
_LEVELS = np.arange(256, dtype=np.uint8) * np.float32(2 / 255) - 1  # of the input, by byte


class MoveNet:
    """The bundled pose estimator.

    Args:
        path: The ONNX file; None: the bundled one.

    Raises:
        ModelError: The file is not this network.
    """

    name = "movenet"
    most = MOST

    def __init__(self, path: Path | None = None) -> None:
        import onnxruntime

        from slipdetect._onnx import session_options

        source = bundled() if path is None else path
        try:
            self._session = onnxruntime.InferenceSession(
                str(source), session_options(1), providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ModelError(f"cannot open the pose network {str(source)!r}: {error}") from error
        self._check(str(source))

    def people(self, picture: npt.NDArray[np.uint8]) -> list[Person]:
        """See ``PoseEstimator``."""
        inputs, scale = network_input(picture, SIDE)
        heads: Floats = self._session.run(None, {self._input: inputs})[0][0]
        return decode(heads, scale)

    def _check(self, path: str) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        found = [list(each.shape) for each in (*inputs, *outputs)]
        fixed = [[side for side in shape if isinstance(side, int)] for shape in found]
        if fixed != [[1, 3], [1, sum(_CHANNELS)]]:
            raise ModelError(
                f"{path!r} is not the network MoveNet MultiPose: it takes and gives {found}, not "
                f"[1, 3, H, W] and [1, {sum(_CHANNELS)}, H/4, W/4]; make it by "
                "examples/convert_movenet.py"
            )
        self._input = inputs[0].name


def bundled() -> Path:
    """Return the file of the bundled network."""
    return Path(str(resources.files("slipdetect") / "assets" / "people" / "movenet.onnx"))


def network_input(picture: npt.NDArray[np.uint8], side: int) -> tuple[Floats, float]:
    """Return what the network sees of a picture, ``(1, 3, H, W)`` in [-1, 1], and its scale.

    The longer side becomes ``side``; black fills both sides up to multiples of 32, at the right
    and at the bottom.
    """
    import cv2

    height, width = picture.shape[:2]
    scale = side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, size, interpolation=method)
    sides = [-(-length // _MULTIPLE) * _MULTIPLE for length in small.shape[:2]]
    inputs = np.full((1, 3, *sides), -1, np.float32)
    # levels by a table, planes by a split: a tenth of what arithmetic on bytes takes
    for plane, channel in zip(inputs[0], cv2.split(cv2.LUT(small, _LEVELS)), strict=True):
        plane[: size[1], : size[0]] = channel
    return inputs, scale


def decode(heads: Floats, scale: float) -> list[Person]:
    """Return the people that the network's heads speak of, the surest center first.

    A center is a peak of its map. Each keypoint is the hottest cell in the person's box, weighted
    by its distance from the place that the center regressed to, plus that cell's offset.

    Args:
        heads: ``(90, h, w)``, a cell for each 4 pixels of the network's input.
        scale: From the picture to that input.
    """
    center, size, shift, heat, regressed, offsets = np.split(heads, np.cumsum(_CHANNELS)[:-1])
    peaks = _peaks(_sigmoid(center[0]))
    places = regressed.reshape(len(KEYPOINTS), 2, *center.shape[1:])
    moves = offsets.reshape(len(KEYPOINTS), 2, *center.shape[1:])
    people = []
    for row, column, score in peaks:
        middle = np.array((row, column)) + shift[:, row, column]
        half = np.maximum(size[:, row, column], 0) / 2
        sides = np.array(center.shape[1:])
        low, high = np.clip(middle - half, 0, sides), np.clip(middle + half, 0, sides)
        about = places[:, :, row, column] + (row, column)
        points = _keypoints(heat, moves, about, np.ceil(low).astype(int), np.ceil(high).astype(int))
        points[:, :2] *= _STRIDE / scale
        box = np.array((low[1], low[0], high[1], high[0]), np.float32) * (_STRIDE / scale)
        seen = points[:, 2][points[:, 2] > _LEAST_SEEN]
        sure = score * float(seen.mean()) if len(seen) else 0.0
        people.append(Person(points, box.astype(np.float32), sure))
    return people


def _peaks(center: Floats) -> list[tuple[int, int, float]]:
    """Return row, column and height of the highest local maxima of 5 x 5 cells."""
    import cv2

    rows, columns = np.nonzero(
        (center >= cv2.dilate(center, np.ones((5, 5), np.uint8))) & (center > _LEAST_CENTER)
    )
    heights = center[rows, columns]
    best = np.argsort(-heights, kind="stable")[:MOST]
    return [(int(rows[i]), int(columns[i]), float(heights[i])) for i in best]


def _keypoints(
    heat: Floats,
    moves: Floats,
    about: Floats,
    low: npt.NDArray[np.int_],
    high: npt.NDArray[np.int_],
) -> Floats:
    """Return ``(17, 3)`` x, y in cells and score, of the cells from ``low`` to below ``high``.

    The heat is as the head gives it, before the sigmoid: few of its cells are needed.
    """
    points = np.zeros((len(KEYPOINTS), 3), np.float32)
    if (high <= low).any():
        return points
    rows, columns = (np.arange(*bounds, dtype=np.float32) for bounds in zip(low, high, strict=True))
    away = (rows - about[:, :1])[:, :, None] ** 2 + (columns - about[:, 1:])[:, None, :] ** 2
    reach = _REACH * min(heat.shape[1:])
    part = _sigmoid(heat[:, low[0] : high[0], low[1] : high[1]]) * np.exp(-away / reach)
    flat = part.reshape(len(KEYPOINTS), -1)
    best, each = flat.argmax(1), np.arange(len(KEYPOINTS))
    row, column = low[0] + best // len(columns), low[1] + best % len(columns)
    points[:, 0] = column + moves[each, 1, row, column]
    points[:, 1] = row + moves[each, 0, row, column]
    points[:, 2] = flat[each, best]
    return points


def _sigmoid(values: Floats) -> Floats:
    raised: Floats = np.asarray(1 / (1 + np.exp(-values)), np.float32)
    return raised
