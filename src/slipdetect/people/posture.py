"""Whether a person is up or down, from picture to picture."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np

from slipdetect.types.person import Person

MEMORY = 10.0  # seconds over which a person's height is remembered

# shares of the person's height that the box is high, and the trunk's angle from upright, degrees
_DOWN, _BENT, _UP = 0.5, 0.72, 0.75
_LYING, _STANDING = 50.0, 40.0
_LEAST_SEEN = 0.15  # score of the keypoints of a trunk whose angle counts
_STEADY = 3  # pictures whose median is taken


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
