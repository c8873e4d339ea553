"""Who is the same person in picture after picture, and a person's windows of time.

In: the people of pictures in order. Out: numbered tracks, and arrays of what a track did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from slipdetect.types.person import KEYPOINTS, Person

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int_]

BEGIN = 0.12  # least score of a person who begins a track
KEEP = 0.06  # least score of one who goes on with it
LONGEST_GAP = 0.6  # seconds that a track goes on unseen

# spread of people's placing of each keypoint, as a share of the body's size (COCO's evaluation)
_SPREAD = np.array(
    (
        *(0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072),
        *(0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089),
    ),
    np.float32,
)
_WIDER = 4.0  # times that spread: keypoints of a network scatter more, and people move
_SAME_BOX, _SAME_POSE = 0.75, 0.8  # two people so alike are one
_LEAST = 0.12  # likeness of a person and the end of a track
_NEAR = 0.35  # body sizes


@dataclass
class _Path:
    """A track that is being made."""

    number: int
    frames: list[int] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)

    def forget(self, before: int) -> None:
        """Drop what lies before a frame, but for the last of it, which gaps are filled from."""
        keep = int(np.searchsorted(self.frames, before)) - 1
        if keep > 0:
            del self.frames[:keep], self.people[:keep]


class Tracker:
    """Links the people of pictures to tracks, greedily, the most alike first.

    Args:
        rate: Pictures a second.
        begun: Highest number that is taken already.

    Attributes:
        begun: Highest number given so far.
        paths: Tracks by number, those that have ended too until they are forgotten.
    """

    def __init__(self, rate: float, begun: int = 0) -> None:
        self.begun = begun
        self.paths: dict[int, _Path] = {}
        self._gap = round(LONGEST_GAP * rate)
        self._rate = rate
        self._frame = -1

    def push(self, people: Iterable[Person], frame: int | None = None) -> list[int]:
        """Take the people of picture ``frame`` (None: the next); return their tracks' numbers."""
        self._frame = self._frame + 1 if frame is None else frame
        found = distinct([person for person in people if person.score > KEEP])
        alive = [path for path in self.paths.values() if self._frame - path.frames[-1] <= self._gap]
        numbers: list[int] = []
        matches = self._matches(alive, found)
        for index, person in enumerate(found):
            path = matches.get(index)
            if path is None:
                if person.score < BEGIN:
                    continue
                self.begun += 1
                path = self.paths[self.begun] = _Path(self.begun)
            path.frames.append(self._frame)
            path.people.append(person)
            numbers.append(path.number)
        return numbers

    def forget(self, before: int) -> None:
        """Drop what no window that begins at a frame or later needs."""
        for number, path in list(self.paths.items()):
            if path.frames[-1] < min(before, self._frame - self._gap):
                del self.paths[number]
            else:
                path.forget(before)

    def _matches(self, paths: Sequence[_Path], people: Sequence[Person]) -> dict[int, _Path]:
        """Return which person goes on with which track, by place among ``people``."""
        if not paths or not people:
            return {}
        likeness = _likeness([path.people[-1] for path in paths], people)
        likeness -= np.array(
            [0.2 * (self._frame - path.frames[-1]) / self._rate for path in paths]
        )[:, None]
        matches = {}
        while likeness.max() >= _LEAST:
            row, column = np.unravel_index(likeness.argmax(), likeness.shape)
            matches[int(column)] = paths[int(row)]
            likeness[row], likeness[:, column] = -np.inf, -np.inf
        return matches


def distinct(people: Sequence[Person]) -> list[Person]:
    """Return people without those found twice, the surest first."""
    kept: list[Person] = []
    for person in sorted(people, key=lambda each: -each.score):
        if kept:
            one = [person]
            boxes = overlap(_boxes(one), _boxes(kept)) >= _SAME_BOX
            if (boxes | (_same_pose(_points(one), _points(kept)) >= _SAME_POSE)).any():
                continue
        kept.append(person)
    return kept


def _likeness(ends: Sequence[Person], people: Sequence[Person]) -> npt.NDArray[np.float64]:
    """Return how alike the ends of tracks and people are, ``(tracks, people)``."""
    before, after = _boxes(ends), _boxes(people)
    size = (before[:, 2:] - before[:, :2]).max(1)[:, None] + 1
    grown = ((after[:, 2:] - after[:, :2]).max(1)[None] + 1) / size
    way = (before[:, None, :2] + before[:, None, 2:] - after[None, :, :2] - after[None, :, 2:]) / 2
    distance = np.hypot(way[..., 0], way[..., 1]) / size
    alike: npt.NDArray[np.float64] = (
        0.5 * overlap(before, after)
        + 0.5 * _same_pose(_points(ends), _points(people))
        + 0.3 * np.exp(-((distance / _NEAR) ** 2))
        - 0.2 * np.abs(np.log(grown))
    )
    return alike


def _boxes(people: Sequence[Person]) -> Floats:
    return np.stack([person.box for person in people])


def _points(people: Sequence[Person]) -> Floats:
    return np.stack([person.keypoints for person in people])


def overlap(one: Floats, other: Floats) -> Floats:
    """Return the intersection over union of every two boxes."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (one, other)]
    union: Floats = areas[0][:, None] + areas[1][None] - common
    shared: Floats = common / np.maximum(union, 1e-6)
    return shared


def _same_pose(one: Floats, other: Floats) -> Floats:
    """Return the object keypoint similarity of every two people, weighted by what is seen."""
    away = ((one[:, None, :, :2] - other[None, :, :, :2]) ** 2).sum(-1)
    areas = [np.ptp(points[..., :2], axis=1).prod(-1) for points in (one, other)]
    size = np.maximum(areas[0][:, None], areas[1][None])[..., None] + 1
    seen = np.sqrt(one[:, None, :, 2] * other[None, :, :, 2]) + 1e-3
    alike = np.exp(-away / (2 * size * (2 * _SPREAD) ** 2 * _WIDER))
    weighted: Floats = (alike * seen).sum(-1) / seen.sum(-1)
    return weighted


# columns of a window of a track
POINTS = 3 * len(KEYPOINTS)
BOX = slice(POINTS, POINTS + 4)
SCORE, SEEN, INSIDE = POINTS + 4, POINTS + 5, POINTS + 6
COLUMNS = POINTS + 7
LEAST_SEEN = 3  # pictures of a window in which a track must be seen


def track_window(path: _Path, first: int, length: int) -> Floats | None:
    """Return what a track did in ``length`` pictures, ``(length, 58)``; None where it is not seen.

    Columns are x, y and score of every keypoint, the box, the person's score (0 unseen), whether
    the person was seen, and whether the picture lies between the first and the last that the
    person was seen in. Gaps are filled linearly.
    """
    low, high = np.searchsorted(path.frames, (first, first + length)).tolist()
    if high - low < LEAST_SEEN:
        return None
    # a neighbor on either side, to fill gaps from
    near = TrackRows.of(path, slice(max(low - 1, 0), high + 1))
    window: Floats = near.windows(np.array([first]), length)[0]
    return window


@dataclass(frozen=True, eq=False)
class TrackRows:
    """What a track did, as arrays."""

    frames: Ints  # pictures that the person was seen in, (n,)
    rows: Floats  # keypoints and box in each, (n, 55)
    scores: Floats  # of the person in each, (n,)

    @classmethod
    def of(cls, path: _Path, part: slice = slice(None)) -> Self:
        """Return those of a track of ``Tracker.paths``, or of a part of its pictures."""
        people = path.people[part]
        rows = np.stack([np.append(each.keypoints.ravel(), each.box) for each in people])
        return cls(np.array(path.frames[part]), rows, np.array([each.score for each in people]))

    def seen(self, firsts: Ints, length: int) -> Ints:
        """Return in how many pictures of each window the person was seen, ``(n,)``."""
        begin, end = (np.searchsorted(self.frames, places) for places in (firsts, firsts + length))
        return end - begin

    def windows(self, firsts: Ints, length: int) -> Floats:
        """Return windows as of ``track_window``, ``(n, length, 58)``, the unseen ones too."""
        frames, rows = self.frames, self.rows
        places = firsts[:, None] + np.arange(length)
        before = np.clip(np.searchsorted(frames, places, side="right") - 1, 0, None)
        after = np.minimum(before + 1, len(frames) - 1)
        gaps = np.maximum(frames[after] - frames[before], 1)
        share = np.clip((places - frames[before]) / gaps, 0, 1)
        seen = frames[before] == places
        windows = np.zeros((*places.shape, COLUMNS), np.float32)
        windows[..., : BOX.stop] = rows[before] + share[..., None] * (rows[after] - rows[before])
        windows[..., SCORE] = np.where(seen, self.scores[before], 0)
        windows[..., SEEN] = seen
        windows[..., INSIDE] = (places >= frames[0]) & (places <= frames[-1])
        return windows
