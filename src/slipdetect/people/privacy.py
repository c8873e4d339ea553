"""Who must not be seen in what is written, over the time of a video.

In: the moments of a video in order. Out: the same with nobody in their pictures, and how often
it was not known where people are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import pairwise
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from slipdetect.modalities.snippet import motion_extent, motion_profile, thumbnail
from slipdetect.people.estimators import PoseEstimator, make_pose_estimator
from slipdetect.people.hiding import blurred, hide, region
from slipdetect.people.tracks import overlap
from slipdetect.types.person import Person, PrivacyMode
from slipdetect.video import Frame, Moment

Thumbnail = npt.NDArray[np.float32]

EVERY = 0.1  # seconds between two looks for people; nobody gets out of a region in between
BEHIND = 0.5  # seconds for which somebody is hidden where nobody is found any more
AHEAD = 0.25  # seconds for which somebody is hidden before they are found
LEAST_SCORE = 0.06  # of what is hidden: a chair too many is no harm
SURE = 0.12  # score of who is drawn

_SAME_SECONDS = 1e-6
_SAME_PERSON = 0.15  # overlap of boxes over their union, between two looks
_COVERED = 0.5  # likewise: who lies so much below another one is hidden with them
_SAME_PLACE = 8.0  # levels between thumbnails, on average; less is the same sight
_MOST_UNSEEN = 0.5  # share of all motion that may lie outside of people


@dataclass(frozen=True, eq=False)
class _Look:
    """What was found in a picture, in shares of its width and height."""

    time: float  # seconds
    people: Sequence[Person]
    crowd: bool  # there may be more of them
    thumbnail: Thumbnail
    # who was found earlier, at places that look as they did then, each with the thumbnail of then
    still_there: Sequence[tuple[Person, Thumbnail]]


@dataclass(frozen=True, eq=False)
class _Seen:
    """What of a picture is hidden."""

    hidden: Sequence[Person]  # whose regions are blurred
    drawn: Sequence[Person]
    moves: bool  # something does around this time
    missed: bool  # most of what moves is nobody who was found
    crowd: bool  # there may be more people than were found

    @property
    def whole(self) -> bool:
        """Everything is blurred."""
        return self.missed or self.crowd


class Privacy:
    """Hides people in all moments of a video, a ``Change`` for ``show``.

    People are looked for every 0.1 s in what is asked for, and move in a straight line in between.
    Who is missed in a picture stays hidden where they were found up to half a second before and a
    quarter of a second after it, and as long as the place looks as it did. Where nobody is surely
    found and most of what moves lies outside of who may be people, the whole picture is blurred,
    and where as many people are found as the estimator finds at most.

    Args:
        mode: What is seen instead of people.
        estimator: What finds them; None: the bundled one.
    """

    def __init__(self, mode: PrivacyMode, estimator: PoseEstimator | None = None) -> None:
        self.mode = mode
        self._begin_counting()
        self._estimator = make_pose_estimator() if estimator is None else estimator

    def __call__(self, moments: Iterator[Moment]) -> Iterator[Moment]:
        """Yield the moments of a video with nobody in their pictures."""
        looks = _Looks(self._estimator)
        ahead: deque[Moment] = deque()
        for moment in moments:
            ahead.append(moment)
            while moment.time - ahead[0].time > AHEAD:
                yield self._hidden(ahead, looks)
                ahead.popleft()
        while ahead:
            yield self._hidden(ahead, looks)
            ahead.popleft()

    def pop_warnings(self) -> list[str]:
        """Return what a result should say of all pictures since the last call."""
        warnings = []
        if self._missed:
            warnings.append(
                f"--privacy: nobody was found in {self._missed} of {self._moving} pictures where "
                "something moves; those are blurred whole"
            )
        if self._crowds:
            warnings.append(
                f"--privacy: {self._crowds} pictures show {self._estimator.most} people or more, "
                "of whom not all can be found; those are blurred whole"
            )
        self._begin_counting()
        return warnings

    def _begin_counting(self) -> None:
        self._moving = self._missed = self._crowds = 0  # pictures

    def _count(self, seen: _Seen) -> None:
        self._moving += seen.moves
        self._missed += seen.missed
        self._crowds += seen.crowd

    def _hidden(self, ahead: Sequence[Moment], looks: _Looks) -> Moment:
        moment = ahead[0]
        found: list[_Seen] = []

        def at(size: int | None) -> Frame:
            if not found:
                found.append(looks.around(ahead, size))
                self._count(found[0])
            return self._without_people(moment.at(size), found[0])

        return Moment(moment.time, cache(at))

    def _without_people(self, frame: Frame, seen: _Seen) -> Frame:
        if seen.whole:
            return replace(frame, image=blurred(frame.image))
        height, width = frame.image.shape[:2]
        hidden, drawn = (
            [person.scaled(width, height) for person in people]
            for people in (seen.hidden, seen.drawn)
        )
        return replace(frame, image=hide(frame.image, hidden, drawn, self.mode))


class _Looks:
    """The looks around the moment that is written."""

    def __init__(self, estimator: PoseEstimator) -> None:
        self._estimator = estimator
        self._looks: deque[_Look] = deque()

    def around(self, ahead: Sequence[Moment], size: int | None) -> _Seen:
        """Return what is hidden in the first of the moments, the others are those after it."""
        now, looks = ahead[0].time, self._looks
        if looks and looks[-1].time < now - BEHIND:
            looks.clear()  # nobody asked for what lay between
        for moment in ahead:
            if not looks or moment.time >= looks[-1].time + EVERY - _SAME_SECONDS:
                looks.append(self._look(moment.at(size)))
        # one look behind stays, however slow the frames are
        while len(looks) > 2 and looks[2].time <= now and looks[0].time < now - BEHIND:
            looks.popleft()
        return _seen(now, looks)

    def _look(self, frame: Frame) -> _Look:
        height, width = frame.image.shape[:2]
        people = [
            person.scaled(1 / width, 1 / height)
            for person in self._estimator.people(frame.image)
            if person.score >= LEAST_SCORE
        ]
        small = thumbnail(frame.image)
        still = []
        if self._looks:
            last = self._looks[-1]
            known = [*((each, last.thumbnail) for each in last.people), *last.still_there]
            still = [
                (person, then)
                for person, then in known
                if not _covered(person, people) and _same_sight(person, then, small)
            ]
        return _Look(frame.time, people, len(people) >= self._estimator.most, small, still)


def _seen(now: float, looks: Sequence[_Look]) -> _Seen:
    """Return what is hidden ``now``, from the looks around it."""
    before = max((look for look in looks if look.time <= now), key=attrgetter("time"))
    after = next((look for look in looks if look.time > now), before)
    share = (now - before.time) / (after.time - before.time) if after is not before else 0.0
    hidden, drawn = _between(before.people, after.people, share)
    for look in looks:
        hidden += [person for person in look.people if not _covered(person, hidden)]
    hidden += [person for person, _ in before.still_there if not _covered(person, hidden)]
    moves, missed = _motion(looks, hidden)
    missed = missed and all(person.score < SURE for person in hidden)
    crowd = any(look.crowd for look in looks)
    drawn = [person for person in drawn if person.score >= SURE]
    return _Seen(hidden, drawn, moves, missed, crowd)


def _between(
    before: Sequence[Person], after: Sequence[Person], share: float
) -> tuple[list[Person], list[Person]]:
    """Return who is hidden and who is drawn between two looks.

    A person of both is hidden where they are in both and drawn in between; a person of one of
    them is both where they are.
    """
    hidden, drawn, left = [], [], list(after)
    for person in before:
        other = max(left, key=partial(_overlap, person), default=None)
        if other is None or _overlap(person, other) < _SAME_PERSON:
            hidden.append(person)
            drawn.append(person)
            continue
        left.remove(other)
        points = person.keypoints * (1 - share) + other.keypoints * share
        box = person.box * (1 - share) + other.box * share
        drawn.append(Person(points, box, max(person.score, other.score)))
        both = np.concatenate(
            [np.minimum(person.box[:2], other.box[:2]), np.maximum(person.box[2:], other.box[2:])]
        )
        hidden.append(replace(drawn[-1], box=both))
    return hidden + left, drawn + left


def _motion(looks: Sequence[_Look], hidden: Sequence[Person]) -> tuple[bool, bool]:
    """Return whether something moves, and whether that is for the most part nobody hidden."""
    moves = missed = False
    for one, two in pairwise(looks):
        energy = motion_profile(one.thumbnail, two.thumbnail)
        if motion_extent(energy) is None:
            continue
        moves = True
        people = [*hidden, *one.people, *two.people]
        rest = motion_profile(*(_emptied(look.thumbnail, people) for look in (one, two)))
        share = float(rest.rows.sum()) / float(energy.rows.sum())
        missed |= motion_extent(rest) is not None and share > _MOST_UNSEEN
    return moves, missed


def _emptied(small: Thumbnail, people: Sequence[Person]) -> Thumbnail:
    """Return a thumbnail with nothing where people are."""
    emptied = small.copy()
    for person in people:
        emptied[_region(person, small)] = 0.0
    return emptied


def _same_sight(person: Person, then: Thumbnail, now: Thumbnail) -> bool:
    part = _region(person, now)
    return bool(now[part].size) and float(np.abs(now[part] - then[part]).mean()) < _SAME_PLACE


def _region(person: Person, small: Thumbnail) -> tuple[slice, slice]:
    height, width = small.shape
    return region(person.scaled(width, height), height, width)


def _covered(person: Person, people: Sequence[Person]) -> bool:
    return any(_overlap(person, other) >= _COVERED for other in people)


def _overlap(one: Person, other: Person) -> float:
    return float(overlap(one.box[None], other.box[None])[0, 0])
