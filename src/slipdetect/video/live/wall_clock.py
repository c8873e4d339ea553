"""The clock on the wall beside that of a camera, whose timestamps may run slower or faster.

In: seconds of decoded pictures, as they come. Out: the time of day of any of these seconds, and how
far the two clocks have drifted apart.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from slipdetect._text import iso_time

logger = logging.getLogger(__name__)

DRIFT_TOLD = 2.0  # seconds
_AROUND = 30.0  # seconds to either side that the two clocks are compared over
_FEWEST = 5  # seconds before a drift is told from the delays of single pictures
_SETTLED = 10  # seconds after which what was buffered at the connection is over
_KEPT = 600  # seconds of a connection
_CONNECTIONS = 8

# seconds of the camera; how many more the wall shows then
Point = tuple[float, float]


@dataclass
class _Connection:
    """What came between two gaps.

    Attributes:
        begin: Time of its first picture, seconds.
        points: Of each second on the wall the picture with the least delay: what was buffered comes
            at once and so counts as its last picture.
        until: When the present second is over.
        expected: How many more seconds the wall showed at the beginning; None until that is sure.
    """

    begin: float
    points: deque[Point] = field(default_factory=lambda: deque(maxlen=_KEPT))
    until: float = 0.0
    expected: float | None = None

    def ahead(self, seconds: float) -> float:
        """Return how many more seconds the wall showed at a time of the camera."""
        near = [each for each in self.points if abs(each[0] - seconds) <= _AROUND]
        nearest = min(self.points, key=lambda each: abs(each[0] - seconds))
        slope, ahead = line_below(near or [nearest])
        return ahead + slope * seconds


class WallClock:
    """Tells when the pictures of a camera came, without what delayed some of them on their way.

    Delays only ever add to the true distance of the two clocks. So that is taken from the line
    below all distances that lies nearest to them: Moon, Skelly and Towsley, "Estimation and removal
    of clock skew from network delay measurements" (1999). The time of day is counted back from now,
    for the wall may be set meanwhile.

    Args:
        name: Of the source, for messages.
        now: Seconds of a clock that never goes back.
        today: The time of day, with a time zone.

    Attributes:
        now: As above.
        drift: Seconds that the wall has gone further than the timestamps, within connections.
    """

    def __init__(
        self,
        name: str,
        now: Callable[[], float] = time.monotonic,
        today: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.drift = 0.0
        self._name = name
        self.now = now
        self._today = today
        self._before = 0.0  # drift of the connections before
        self._told = False
        self._connections: deque[_Connection] = deque(maxlen=_CONNECTIONS)
        self._lock = threading.Lock()

    def begin(self, seconds: float) -> None:
        """Take that a connection begins, at a time of the camera."""
        with self._lock:
            self._before = self.drift
            self._connections.append(_Connection(seconds))

    def saw(self, seconds: float, now: float | None = None) -> None:
        """Take that a picture of this time came at ``now``, by its clock; None: just now."""
        now = self.now() if now is None else now
        ahead = now - seconds
        with self._lock:
            own = self._connections[-1]
            points = own.points
            if points and (now < own.until or seconds <= points[-1][0]):
                if ahead < points[-1][1]:
                    points[-1] = seconds, ahead
                return
            if points:
                self._measure(own, seconds)
            points.append((seconds, ahead))
            own.until = now + 1.0

    def time_of_day(self, seconds: float) -> str | None:
        """Return when the picture of a time came, ISO 8601; None where no connection told."""
        with self._lock:
            begun = [each for each in self._connections if each.points]
            earlier = [each for each in begun if each.begin <= seconds] or begun[:1]
            if not earlier:
                return None
            ago = self.now() - seconds - earlier[-1].ahead(seconds)
        return iso_time(self._today() - timedelta(seconds=ago))

    def _measure(self, own: _Connection, seconds: float) -> None:
        """Set the drift, when another second is over."""
        if own.expected is None:
            if len(own.points) < _SETTLED:
                return
            own.expected = own.ahead(own.begin)
        self.drift = self._before + own.ahead(seconds) - own.expected
        if abs(self.drift) > DRIFT_TOLD and not self._told:
            self._told = True
            told = drift_text(self.drift)
            logger.warning(
                "%r: after %.0f s %s; times of day go by the wall", self._name, seconds, told
            )


def drift_text(drift: float) -> str:
    """Return in words how far the wall has gone further than the timestamps, seconds."""
    way = "behind" if drift > 0 else "ahead of"
    return f"timestamps are {abs(drift):.1f} s {way} the clock on the wall"


def line_below(points: Sequence[Point]) -> Point:
    """Return slope and height at 0 of the line below points that is nearest to them.

    Of all lines with no point below it, that whose distances to the points, upwards, sum to the
    least; with fewer than five points a level one.

    Args:
        points: At least one, from left to right.
    """
    if len(points) < _FEWEST:
        return 0.0, min(height for _, height in points)
    hull: list[Point] = []
    for point in points:
        while len(hull) > 1 and _turn(hull[-2], hull[-1], point) <= 0:
            hull.pop()
        hull.append(point)
    middle = sum(place for place, _ in points) / len(points)
    # the sum is least for the edge that lies below the middle of the points
    left, right = next(edge for edge in pairwise(hull) if edge[1][0] >= middle)
    slope = (right[1] - left[1]) / (right[0] - left[0])
    return slope, left[1] - slope * left[0]


def _turn(first: Point, second: Point, third: Point) -> float:
    """Return above 0 where the way over three points turns to the left."""
    along, up = second[0] - first[0], second[1] - first[1]
    return along * (third[1] - first[1]) - up * (third[0] - first[0])
