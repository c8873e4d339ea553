"""People of one picture blurred, and where asked for drawn anew as a shape or a skeleton.

In: a picture and ``Person``s. Out: another picture; nothing here remembers the one before.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from slipdetect.types.person import FACE, KEYPOINTS, LIMBS, Person, PrivacyMode

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

CELLS = 8  # of a blurred person, along the longer side: a face is two or three of them
_FEWER_CELLS = 4  # where a drawing says what the person does
_LEAST_CELL = 4  # px, for people of a few pixels
_MARGIN = 0.15  # around a box, as a share of its longer side
_HEADROOM = 0.1  # above it, likewise: heads stick out of boxes
_SEEN = 0.1  # keypoints that are drawn as a skeleton
_GUESSED = 0.04  # keypoints that shape a body

INK: Color = (240, 228, 66)
_BODY: Color = (86, 180, 233)

_PLACE = {name: index for index, name in enumerate(KEYPOINTS)}
_TRUNK = tuple(_PLACE[f"{side}_{part}"] for side, part in (
    ("left", "shoulder"), ("right", "shoulder"), ("right", "hip"), ("left", "hip")
))  # fmt: skip


def region(person: Person, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns that hide a person of a picture, more than box and keypoints, px."""
    points = person.keypoints[person.keypoints[:, 2] > _SEEN, :2]
    corners = np.concatenate([person.box.reshape(2, 2), points])
    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
    longer = max(right - left, bottom - top)
    around, above = _MARGIN * longer, (_MARGIN + _HEADROOM) * longer
    rows = np.clip([np.floor(top - above), np.ceil(bottom + around)], 0, height).astype(int)
    columns = np.clip([np.floor(left - around), np.ceil(right + around)], 0, width).astype(int)
    return slice(*rows.tolist()), slice(*columns.tolist())


def blurred(picture: Image, cells: int = CELLS) -> Image:
    """Return a picture of which only ``cells`` means along its longer side are left."""
    height, width = picture.shape[:2]
    scale = min(cells / max(height, width), 1 / _LEAST_CELL)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def hide(
    picture: Image, hidden: Iterable[Person], drawn: Iterable[Person], mode: PrivacyMode
) -> Image:
    """Return a new picture without people.

    Args:
        picture: ``(H, W, 3)`` RGB.
        hidden: Whose regions are blurred.
        drawn: Who is drawn there, unless ``mode`` is ``"blur"``.
        mode: What is seen instead of them.
    """
    done = picture.copy()
    cells = CELLS if mode == "blur" else _FEWER_CELLS
    for person in hidden:
        part = region(person, *picture.shape[:2])
        if picture[part].size:
            done[part] = blurred(picture[part], cells)
    for person in drawn:
        if mode == "silhouette":
            draw_silhouette(done, person)
        elif mode == "skeleton":
            draw_skeleton(done, person)
    return done


def draw_skeleton(picture: Image, person: Person, ink: Color = INK) -> None:
    """Draw the limbs between keypoints that are seen, and these, onto a picture."""
    thick = max(1, round(min(picture.shape[:2]) / 240))
    seen = person.keypoints[:, 2] > _SEEN
    for one, two in LIMBS:
        if seen[one] and seen[two]:
            _line(picture, person, one, two, ink, thick)
    for index in np.flatnonzero(seen).tolist():
        cv2.circle(picture, _pixel(person, index), thick + 1, ink, -1, cv2.LINE_AA)


def draw_silhouette(picture: Image, person: Person) -> None:
    """Draw a body of one color onto a picture: trunk, limbs and head, as thick as they are."""
    points, seen = person.keypoints[:, :2], person.keypoints[:, 2] > _GUESSED
    trunk = _trunk_length(person)
    if any(seen[index] for index in _TRUNK):
        corners = [_pixel(person, index) for index in _TRUNK]
        cv2.fillConvexPoly(picture, cv2.convexHull(np.array(corners, np.int32)), _BODY, cv2.LINE_AA)
    for one, two in LIMBS:
        if seen[one] and seen[two] and one not in FACE:
            _line(picture, person, one, two, _BODY, max(1, round(0.32 * trunk)))
    face = [index for index in FACE if seen[index]]
    if face:
        middle = points[face].mean(axis=0).round().astype(int).tolist()
        cv2.circle(picture, middle, max(1, round(0.3 * trunk)), _BODY, -1, cv2.LINE_AA)
        shoulders = [index for index in _TRUNK[:2] if seen[index]]
        if shoulders:
            neck = points[shoulders].mean(axis=0).round().astype(int).tolist()
            cv2.line(picture, middle, neck, _BODY, max(1, round(0.25 * trunk)), cv2.LINE_AA)


def _trunk_length(person: Person) -> float:
    """Return shoulders to hips in pixels; seen from its end a trunk is as long as it is wide."""
    left, right, right_hip, left_hip = (person.keypoints[index, :2] for index in _TRUNK)
    long = float(np.hypot(*((left + right) / 2 - (left_hip + right_hip) / 2)))
    wide = float(np.hypot(*(left - right)))
    sides = person.box[2:] - person.box[:2]
    return min(max(long, wide, float(sides.max()) / 6), float(sides.max()) / 2)


def _line(picture: Image, person: Person, one: int, two: int, ink: Color, thick: int) -> None:
    cv2.line(picture, _pixel(person, one), _pixel(person, two), ink, thick, cv2.LINE_AA)


def _pixel(person: Person, index: int) -> tuple[int, int]:
    x, y = person.keypoints[index, :2].round().astype(int).tolist()
    return x, y
