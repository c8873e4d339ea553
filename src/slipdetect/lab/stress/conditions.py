"""The disturbances there are: their names, their strengths, what they do to frames.

In: names and strengths. Out: the ``Case``s to try, the undisturbed one first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from slipdetect.errors import UsageError
from slipdetect.lab.stress.disturbances import (
    Picture,
    blurred,
    darkened,
    edges_cut,
    lower_covered,
    mirrored,
    noisy,
    slowed,
    tilted,
    turned,
)
from slipdetect.lab.stress.recompress import HARSHEST, recompressed
from slipdetect.video import Frame, FrameTransform

# takes a strength and a seed
Make = Callable[[float, int], FrameTransform]

_CLOSE = ("%", "°")  # units that follow their number without a space


@dataclass(frozen=True)
class Place:
    """Where a camera is, against the reference place."""

    azimuth: float  # degrees around the person, counterclockwise as seen from above
    rise: float  # meters higher

    @property
    def text(self) -> str:
        """Such as ``"90°"``, ``"+0.5 m"`` or ``"90° +0.5 m"``; empty for the reference."""
        around, higher = f"{self.azimuth:g}°", f"{self.rise:+g} m"
        return " ".join([around] * bool(self.azimuth) + [higher] * bool(self.rise))


@dataclass(frozen=True)
class Condition:
    """One way to disturb a recording."""

    name: str  # what the command line calls it
    meaning: str  # what is done to every picture, in a sentence without its full stop
    unit: str = ""  # of the strengths; empty for a condition that is either there or not
    # what is tried if nobody says otherwise, the mildest first; None for a condition without
    # strengths, nothing where the clips decide
    strengths: tuple[float | None, ...] = (None,)
    limits: tuple[float, float] = (0, 0)  # the smallest and the largest strength allowed
    # returns what is done to frames, given a strength and a seed; None does nothing
    make: Make | None = None

    def case(self, strength: float | None) -> Case:
        """Return this condition at a strength.

        Raises:
            UsageError: It is not between the limits, or the condition has no strengths, or is
                another clip instead of a view of the same.
        """
        if not self.strengths:
            raise UsageError(f"{self.name} is another clip; no view of the frames of one makes it")
        if self.strengths == (None,):
            if strength is not None:
                raise UsageError(f"{self.name} has no strengths; leave them out")
        elif strength is None or not self.limits[0] <= strength <= self.limits[1]:
            least, most = self.limits
            raise UsageError(
                f"the strength of {self.name} must be {least:g} to {most:g} {self.unit}, not "
                f"{strength}"
            )
        case = Case(self, strength)
        case.view()  # some strengths are refused only by what uses them
        return case


@dataclass(frozen=True)
class Case:
    """A condition at one strength; a row of the table."""

    condition: Condition  # what is done
    # how much of it, in the condition's unit; None for a condition without strengths
    strength: float | None
    # meters by which the camera is higher than in the reference place, where the condition is
    # another place and the strength its azimuth; None else
    rise: float | None = None

    @property
    def place(self) -> Place | None:
        """Where the camera is; None for what is done to the frames of the reference clip."""
        if self.strength is None or self.rise is None:
            return None
        return Place(self.strength, self.rise)

    @property
    def strength_text(self) -> str:
        """Such as ``"25 levels"`` or ``"30%"``; empty without strengths."""
        if self.strength is None:
            return ""
        if self.place is not None:
            return self.place.text
        unit = self.condition.unit.split(" of ")[0].split(" at ")[0]
        space = "" if unit in _CLOSE else " "
        return f"{self.strength:g}{space}{unit}"

    @property
    def label(self) -> str:
        """Such as ``"noise 25 levels"``."""
        return f"{self.condition.name} {self.strength_text}".rstrip()

    @property
    def key(self) -> str:
        """Such as ``"noise-25"``, for file names."""
        name = self.condition.name
        if self.strength is None:
            return name
        return f"{name}-{self.strength:.6g}" + (f"{self.rise:+.6g}m" if self.rise else "")

    def view(self, seed: int = 0) -> FrameTransform | None:
        """Return what is done to the frames of each recording; None for nothing."""
        if self.condition.make is None:
            return None
        return self.condition.make(math.nan if self.strength is None else self.strength, seed)


def around(degrees: float) -> float:
    """Return an angle as more than -180 and at most 180 degrees."""
    return 180.0 - (180.0 - degrees) % 360.0 if math.isfinite(degrees) else math.nan


def _each(change: Callable[[Picture], Picture]) -> FrameTransform:
    """Return what does the same to the picture of every frame."""

    def view(frames: Iterator[Frame]) -> Iterator[Frame]:
        return (replace(frame, image=change(frame.image)) for frame in frames)

    return view


def _by_share(change: Callable[[Picture, float], Picture]) -> Make:
    """Return what makes a view of a strength in percent."""
    return lambda strength, seed: _each(lambda image: change(image, strength / 100))


def _noise(deviation: float, seed: int) -> FrameTransform:
    def view(frames: Iterator[Frame]) -> Iterator[Frame]:
        # begun anew for every recording, so that no clip's noise depends on the clips before it
        random = np.random.default_rng(seed)
        for frame in frames:
            yield replace(frame, image=noisy(frame.image, deviation, random))

    return view


def _compression(quality: float, seed: int) -> FrameTransform:
    recompressed(iter(()), quality)  # a missing codec is told before the work
    return partial(recompressed, quality=quality)


def _turn(degrees: float, seed: int) -> FrameTransform:
    turned(np.zeros((1, 1, 3), np.uint8), degrees)  # a wrong angle is refused before the work
    return _each(lambda image: turned(image, degrees))


UNDISTURBED = Condition("undisturbed", "the clip as it is")

VIEWPOINT = Condition(
    "viewpoint",
    "the same scene in another clip, from so far around the person, or from so much higher",
    "°",
    strengths=(),
)

CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(
            "dark",
            "every level is multiplied by this share",
            "% of the brightness",
            (50, 20, 10),
            (0, 100),
            _by_share(darkened),
        ),
        Condition(
            "noise",
            "Gaussian noise of this standard deviation is added, anew in every picture",
            "levels",
            (10, 25, 50),
            (0, 255),
            _noise,
        ),
        Condition(
            "blur",
            "out of focus: a Gaussian whose standard deviation is this share of the short side",
            "% of the short side",
            (1, 2, 4),
            (0.01, 50),
            _by_share(blurred),
        ),
        Condition(
            "compression",
            "encoded as H.264 with this constant rate factor of x264 and decoded again",
            "CRF",
            (32, 38, 44),
            (0, HARSHEST),
            _compression,
        ),
        Condition(
            "rate",
            "no more than so many pictures a second are left, at their own times",
            "fps",
            (8, 5, 3),
            (0.1, 1000),
            lambda strength, seed: partial(slowed, rate=strength),
        ),
        Condition(
            "edges",
            "so much of height and width is cut off at each of the four edges",
            "% at each edge",
            (10, 20, 30),
            (0, 45),
            _by_share(edges_cut),
        ),
        Condition(
            "cover",
            "so much of the height is hidden from below, as behind furniture",
            "% of the height",
            (15, 30, 45),
            (0, 95),
            _by_share(lower_covered),
        ),
        Condition(
            "mirror",
            "left and right are exchanged",
            make=lambda strength, seed: _each(mirrored),
        ),
        Condition(
            "tilt",
            "turned counterclockwise in its frame, as by a crooked camera; empty corners are gray",
            "°",
            (5, 10, 20),
            (-180, 180),
            lambda strength, seed: _each(lambda image: tilted(image, strength)),
        ),
        Condition(
            "turn",
            "turned by whole quarters, as by a camera on its side or upside down",
            "°",
            (90, 180),
            (0, 270),
            _turn,
        ),
        VIEWPOINT,
    )
}


def make_cases(
    names: Sequence[str] = (),
    strengths: Mapping[str, Sequence[float]] | None = None,
    places: Sequence[Place] = (),
) -> list[Case]:
    """Return the undisturbed case, then every condition at each of its strengths.

    Raises:
        UsageError: There is no such condition, or a strength does not suit it, or no clip is from
            another place and that is asked for.
    """
    own = {} if strengths is None else strengths
    for name in (*names, *own):
        if name not in CONDITIONS:
            raise UsageError(f"there is no condition {name!r}, only {', '.join(CONDITIONS)}")
    usual = [name for name in CONDITIONS if places or name != VIEWPOINT.name]
    wanted = list(dict.fromkeys(names or (*usual, *own)))
    for name in own:
        if name not in wanted:
            raise UsageError(f"strengths of {name!r} are given, but it is not among --conditions")
    cases = [UNDISTURBED.case(None)]
    for name in wanted:
        condition = CONDITIONS[name]
        if condition is VIEWPOINT:
            cases += _viewpoints(places, own.get(name))
            continue
        tried = dict.fromkeys(own.get(name, condition.strengths))
        cases += [condition.case(strength) for strength in tried]
    return cases


def _viewpoints(places: Sequence[Place], azimuths: Sequence[float] | None) -> list[Case]:
    """Return a case for every place, or for those at some azimuths only."""
    if not places:
        raise UsageError(
            f"{VIEWPOINT.name} needs clips that say which scene they show and from where, in the "
            "columns scene and camera_azimuth, and none does (docs/stress.md)"
        )
    known = {place.azimuth for place in places}
    wanted = list(known) if azimuths is None else [around(azimuth) for azimuth in azimuths]
    for azimuth in wanted:
        if azimuth not in known:
            there = ", ".join(f"{found:g}" for found in sorted(known))
            raise UsageError(f"no clip is from {azimuth:g}° around the person, only from {there}")
    return [
        Case(VIEWPOINT, place.azimuth, place.rise) for place in places if place.azimuth in wanted
    ]
