"""What a disturbance is: its name, its strengths with their unit, what it does to frames.

In: a name and a strength. Out: a ``Case``, which knows its label and its view of a recording.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from slipdetect.errors import UsageError
from slipdetect.video import FrameTransform

# takes a strength and a seed
Make = Callable[[float, int], FrameTransform]

_CLOSE = ("%", "°")  # units that follow their number without a space


@dataclass(frozen=True)
class Place:
    """Where a camera is, against the reference place.

    Attributes:
        azimuth: Degrees around the person, counterclockwise as seen from above.
        rise: Meters higher.
    """

    azimuth: float
    rise: float

    @property
    def text(self) -> str:
        """Such as ``"90°"``, ``"+0.5 m"`` or ``"90° +0.5 m"``; empty for the reference."""
        parts = [f"{self.azimuth:g}°"] * bool(self.azimuth) + [f"{self.rise:+g} m"] * bool(
            self.rise
        )
        return " ".join(parts)


@dataclass(frozen=True)
class Condition:
    """One way to disturb a recording.

    Attributes:
        name: What the command line calls it.
        meaning: What is done to every picture, in a sentence without its full stop.
        unit: Of the strengths; empty for a condition that is either there or not.
        strengths: What is tried if nobody says otherwise, the mildest first; None for a condition
            without strengths, nothing where the clips decide.
        least: The smallest strength allowed.
        most: The largest.
        make: Returns what is done to frames, given a strength and a seed; None does nothing.
    """

    name: str
    meaning: str
    unit: str
    strengths: tuple[float | None, ...]
    least: float
    most: float
    make: Make | None

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
        elif strength is None or not self.least <= strength <= self.most:
            raise UsageError(
                f"the strength of {self.name} must be {self.least:g} to {self.most:g} "
                f"{self.unit}, not {strength}"
            )
        case = Case(self, strength)
        case.view()  # some strengths are refused only by what uses them
        return case


@dataclass(frozen=True)
class Case:
    """A condition at one strength; a row of the table.

    Attributes:
        condition: What is done.
        strength: How much of it, in the condition's unit; None for a condition without strengths.
        rise: Meters by which the camera is higher than in the reference place, where the condition
            is another place and the strength its azimuth; None else.
    """

    condition: Condition
    strength: float | None
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
