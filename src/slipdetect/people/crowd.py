"""Everybody in the pictures so far: their tracks, whether they are up, how likely each falls.

In: the people of pictures. Out: who is where in which state; the surest person of a window.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from slipdetect.people.features import features
from slipdetect.people.network import PoseNetwork
from slipdetect.people.tracks import LONGEST_GAP, Tracker, track_window
from slipdetect.types.person import Person, box_distance

LEAD = 1.0  # seconds before a window in which somebody may have been up
_CLOSE = 1.0  # longer sides of a box, within which a new track may go on with an old one

MEMORY = 10.0  # seconds over which a person's height is remembered

# shares of the person's height that the box is high, and the trunk's angle from upright, degrees
_DOWN, _BENT, _UP = 0.5, 0.72, 0.75
_LYING, _STANDING = 50.0, 40.0
_LEAST_SEEN = 0.15  # score of the keypoints of a trunk whose angle counts
_STEADY = 3  # pictures whose median is taken


@dataclass(frozen=True, eq=False)
class Seen:
    """A person in one picture, with the number of their track and their state."""

    track: int
    person: Person
    state: str


@dataclass(frozen=True)
class Judged:
    """A person in a window, with the log-odds of a fall."""

    track: int
    odds: float
    # in the window or ``LEAD`` before it; who is down all the while exercises, sleeps or plays
    up: bool


def surest(people: Iterable[Judged], never_up: float) -> tuple[float | None, int | None]:
    """Return the log-odds of the surest person, and the number of their track; None of nobody.

    Args:
        people: In a window.
        never_up: Taken off the log-odds of whoever was not up.
    """
    found = [(each.odds - (0.0 if each.up else never_up), -each.track) for each in people]
    if not found:
        return None, None
    odds, track = max(found)
    return odds, -track


class Crowd:
    """Keeps who was seen, until it is told to forget.

    Args:
        rate: Pictures a second.
        begun: Numbers of tracks that were given already.

    Attributes:
        pictures: Who was seen in each picture, by its number.
    """

    def __init__(self, rate: float, begun: int = 0) -> None:
        self.pictures: dict[int, list[Seen]] = {}
        self._rate = rate
        self._tracker = Tracker(rate, begun)
        self._postures: dict[int, Posture] = {}
        self._before: dict[int, int] = {}  # a track that may be the same person, by its successor

    @property
    def begun(self) -> int:
        """The highest number of a track so far."""
        return self._tracker.begun

    def push(self, number: int, people: Iterable[Person]) -> None:
        """Take the people of a picture, whose number is higher than the last one's."""
        seen = self.pictures.setdefault(number, [])
        known = self.begun
        tracks = self._tracker.push(people, number)
        for track in tracks:
            person = self._tracker.paths[track].people[-1]
            if track > known:
                self._follow(track, person, number, tracks)
            posture = self._postures.setdefault(track, Posture(self._rate))
            seen.append(Seen(track, person, posture.push(person)))

    def judged(self, first: int, length: int, network: PoseNetwork) -> list[Judged]:
        """Return what a network says of everybody in ``length`` pictures from ``first`` on."""
        rows, tracks = [], []
        for path in self._tracker.paths.values():
            row = track_window(path, first, length)
            if row is not None:
                rows.append(row)
                tracks.append(path.number)
        if not rows:
            return []
        odds = network.log_odds(features(np.stack(rows), self._rate))
        up = self._up(first - round(LEAD * self._rate), first + length)
        return [
            Judged(track, float(each), track in up)
            for track, each in zip(tracks, odds, strict=True)
        ]

    def forget(self, before: int) -> None:
        """Drop what no window needs that begins ``LEAD`` after a picture or later."""
        self._tracker.forget(before)
        for number in [each for each in self.pictures if each < before]:
            del self.pictures[number]
        for track in [each for each in self._postures if each not in self._tracker.paths]:
            del self._postures[track]
            self._before.pop(track, None)

    def _follow(self, track: int, person: Person, number: int, there: Sequence[int]) -> None:
        """Remember whose track broke off close by: who falls fast may be taken for somebody new."""
        near = []
        for path in self._tracker.paths.values():
            gone = number - path.frames[-1]
            if path.number in there or gone > LONGEST_GAP * self._rate:
                continue
            away = box_distance(path.people[-1].box.tolist(), person.box.tolist())
            if away <= _CLOSE:
                near.append((away, path.number))
        if near:
            self._before[track] = min(near)[1]

    def _up(self, first: int, end: int) -> set[int]:
        """Return the tracks of those who were up in one of the pictures."""
        up = {
            seen.track
            for number in range(first, end)
            for seen in self.pictures.get(number, ())
            if seen.state == "up"
        }
        # in order, so that a track that broke off twice is followed too
        for track in sorted(self._before):
            if self._before[track] in up:
                up.add(track)
        return up


class Posture:
    """The state of one person.

    The person's height is the most that the box was high, or long, within ``MEMORY``. Who is half
    as high, or somewhat lower with a trunk that lies, is down; who is as high as before with a
    trunk that stands is up; between the two it is the last state, and the way from it.

    Args:
        rate: Pictures a second.
    """

    def __init__(self, rate: float) -> None:
        self._sizes: deque[float] = deque(maxlen=max(1, round(MEMORY * rate)))
        self._heights: deque[float] = deque(maxlen=_STEADY)
        self._angles: deque[float] = deque(maxlen=_STEADY)
        self._settled = "up"
        self.state = "up"

    def push(self, person: Person) -> str:
        """Take the person in the next picture; return the state there."""
        width, height = (person.box[2:] - person.box[:2]).tolist()
        self._sizes.append(max(height, width))
        self._heights.append(height / max(*self._sizes, 1e-3))
        angle = trunk_angle(person)
        if angle is not None:
            self._angles.append(angle)
        low = median(self._heights)
        tilt = median(self._angles) if self._angles else 0.0
        if low < _DOWN or (low < _BENT and tilt > _LYING):
            self._settled = self.state = "down"
        elif low >= _UP and tilt <= _STANDING:
            self._settled = self.state = "up"
        else:
            self.state = "going_down" if self._settled == "up" else "getting_up"
        return self.state


def trunk_angle(person: Person) -> float | None:
    """Return the angle of the trunk from upright, 0 to 180 degrees; None where it is not seen."""
    trunk = person.keypoints[[5, 6, 11, 12]]
    if trunk[:, 2].min() < _LEAST_SEEN:
        return None
    spine = trunk[:2, :2].mean(0) - trunk[2:, :2].mean(0)
    return float(np.degrees(np.arctan2(abs(spine[0]), -spine[1])))
