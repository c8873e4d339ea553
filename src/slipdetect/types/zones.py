"""Where in the picture events count: polygons that leave something out, or let only something in.

In: corners as shares of the picture. Out: whether a person's foot is where it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from slipdetect.errors import UsageError

Point = tuple[float, float]  # from the left and from the top, as shares of width and height

OUTSIDE = "outside"  # what leaves out whoever is in no zone that lets in


@dataclass(frozen=True)
class Zone:
    """A polygon.

    Attributes:
        name: What it is called.
        points: Its corners in order, 3 at least.
        include: Events count only in such zones; False: none counts in this one.

    Raises:
        UsageError: It is no polygon, reaches out of the picture, or crosses itself.
    """

    name: str
    points: tuple[Point, ...]
    include: bool = False

    def __post_init__(self) -> None:
        if len(self.points) > 1 and self.points[0] == self.points[-1]:  # closed, as GeoJSON has it
            object.__setattr__(self, "points", self.points[:-1])
        if len(self.points) < 3:
            raise UsageError(f"zone {self.name!r} has {len(self.points)} corners; it needs 3")
        for x, y in self.points:
            if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
                raise UsageError(
                    f"zone {self.name!r}: the corner ({x:g}, {y:g}) is not in the picture; give "
                    "shares of its width and height, from 0 to 1"
                )
        crossing = self._crossing()
        if crossing is not None:
            raise UsageError(
                f"zone {self.name!r} crosses itself: its sides {crossing[0] + 1} and "
                f"{crossing[1] + 1} meet; give the corners in order around it"
            )
        if abs(_area(self.points)) < 1e-6:
            raise UsageError(f"zone {self.name!r} has no area; give the corners around it")

    def contains(self, point: Point) -> bool:
        """Return whether a point is inside or on the border."""
        x, y = point
        inside = False
        for (x1, y1), (x2, y2) in self._sides():
            if _on_side(point, (x1, y1), (x2, y2)):
                return True
            if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                inside = not inside
        return inside

    def _sides(self) -> list[tuple[Point, Point]]:
        return list(zip(self.points, [*self.points[1:], self.points[0]], strict=True))

    def _crossing(self) -> tuple[int, int] | None:
        """Return the numbers of two sides that meet elsewhere than at a shared corner."""
        sides = self._sides()
        for (i, one), (j, other) in combinations(enumerate(sides), 2):
            if one[0] == one[1]:
                return (i, i)
            neighbors = j == i + 1 or (i == 0 and j == len(sides) - 1)
            if neighbors:
                continue
            if _meet(*one, *other):
                return i, j
        return None


@dataclass(frozen=True)
class Zones:
    """All zones of a picture.

    Attributes:
        zones: With different names.

    Raises:
        UsageError: Two have one name.
    """

    zones: tuple[Zone, ...] = ()

    def __post_init__(self) -> None:
        names = [zone.name for zone in self.zones]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two zones are called {name!r}; rename one")

    def __bool__(self) -> bool:
        return bool(self.zones)

    def leaves_out(self, foot: Point) -> str | None:
        """Return the zone that keeps an event from counting, or ``OUTSIDE``; None: it counts.

        Args:
            foot: Where somebody stands or lies.
        """
        for zone in self.zones:
            if not zone.include and zone.contains(foot):
                return zone.name
        wanted = [zone for zone in self.zones if zone.include]
        if wanted and not any(zone.contains(foot) for zone in wanted):
            return OUTSIDE
        return None


def foot_of(box: Sequence[float]) -> Point:
    """Return the middle of a box's lower side, where its person stands or lies.

    Args:
        box: Left, top, right and bottom as shares of the picture.
    """
    return (box[0] + box[2]) / 2, box[3]


def _area(points: Sequence[Point]) -> float:
    following = [*points[1:], points[0]]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on_side(point: Point, a: Point, b: Point) -> bool:
    if abs(_turn(a, b, point)) > 1e-9:
        return False
    x, y = point
    return min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    if any(_on_side(point, c, d) for point in (a, b)) or any(
        _on_side(point, a, b) for point in (c, d)
    ):
        return True
    return (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (
        _turn(c, d, b) > 0
    )
