"""Everybody in the pictures so far: their tracks, their states, and how likely each falls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from slipdetect.people.features import features
from slipdetect.people.network import PoseNetwork
from slipdetect.people.posture import Posture
from slipdetect.people.tracks import LONGEST_GAP, Tracker, track_window
from slipdetect.types.person import Person, box_distance

LEAD = 1.0  # seconds before a window in which somebody may have been up
_CLOSE = 1.0  # longer sides of a box, within which a new track may go on with an old one


@dataclass(frozen=True, eq=False)
class Seen:
    """A person in one picture, with the number of their track and their state."""

    track: int
    person: Person
    state: str


@dataclass(frozen=True)
class Judged:
    """A person in a window.

    Attributes:
        track: Number of their track.
        odds: Log-odds of a fall.
        up: Whether they were up in the window or ``LEAD`` before it: who is down all the while
            exercises, sleeps or plays there.
    """

    track: int
    odds: float
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
