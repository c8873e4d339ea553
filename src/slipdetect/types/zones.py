"""Where in the picture events count: polygons that leave out what is in them, or all else.

In: corners as shares of the picture. Out: whether a person's foot is where it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

from slipdetect.errors import UsageError
from slipdetect.types.events import Window

# how a camera looks at people: from the side or slantwise, or straight down from a ceiling
View = Literal["level", "above"]
Point = tuple[float, float]  # from the left and from the top, as shares of width and height

OUTSIDE = "outside"  # what leaves out whoever is in no zone that lets in
_NEAR = 1e-9  # of the picture; what a corner may be off by after arithmetic


@dataclass(frozen=True)
class Zone:
    """A polygon.

    Attributes:
        name: What it is called.
        points: Its corners in order, 3 at least.
        include: Events count only in such zones; False: none counts in this one.

    Raises:
        UsageError: It is no polygon, reaches out of the picture, crosses itself, or has no name of
            its own.
    """

    name: str
    points: tuple[Point, ...]
    include: bool = False

    def __post_init__(self) -> None:
        if not self.name.strip() or self.name == OUTSIDE:
            raise UsageError(f"a zone cannot be called {self.name!r}; give it another name")
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
        for corner, (before, after) in enumerate(self._sides(), 1):
            if before == after:
                raise UsageError(
                    f"zone {self.name!r} has its corner {corner} twice in a row; leave one out"
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
            if i == 0 and j == len(sides) - 1:
                one, other = other, one
            elif j != i + 1:
                if _meet(*one, *other):
                    return i, j
                continue
            # neighbors share a corner; where one goes back along the other they share more
            if _on_side(other[1], *one) or _on_side(one[0], *other):
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

    def marked(self, window: Window, view: View = "level") -> Window:
        """Return a window with the zone that leaves it out; where no foot is known it counts."""
        foot = foot_of_window(window, view) if self.zones else None
        zone = None if foot is None else self.leaves_out(foot)
        return window if zone is None else replace(window, zone=zone)

    def to_json(self) -> list[dict[str, Any]]:
        """Return plain JSON data: name, and the corners as ``include`` or ``exclude``."""
        return [
            {
                "name": zone.name,
                "include" if zone.include else "exclude": [list(point) for point in zone.points],
            }
            for zone in self.zones
        ]


def why_left_out(zone: str) -> str:
    """Return in words that a zone of that name, or ``OUTSIDE``, leaves something out."""
    return "outside all zones" if zone == OUTSIDE else f"in zone {zone!r}"


def foot_of_window(window: Window, view: View = "level") -> Point | None:
    """Return where the person stands or lies whom a window speaks of.

    Where they were not seen at its center it is the foot of what moves; None where nothing does.
    """
    seen = (each.box for each in window.people or () if each.track == window.person)
    box = next(seen, window.moving)
    return None if box is None else foot_of(box, view)


def foot_of(box: Sequence[float], view: View = "level") -> Point:
    """Return where the person of a box stands or lies: the middle of its lower side.

    Args:
        box: Left, top, right and bottom as shares of the picture.
        view: How the camera looks at people; from above it is the middle of the box.
    """
    return (box[0] + box[2]) / 2, box[3] if view == "level" else (box[1] + box[3]) / 2


def _area(points: Sequence[Point]) -> float:
    following = [*points[1:], points[0]]
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, following, strict=True)) / 2


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on_side(point: Point, a: Point, b: Point) -> bool:
    if abs(_turn(a, b, point)) > _NEAR:
        return False
    return all(
        min(one, other) - _NEAR <= each <= max(one, other) + _NEAR
        for each, one, other in zip(point, a, b, strict=True)
    )


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    if any(_on_side(point, c, d) for point in (a, b)) or any(
        _on_side(point, a, b) for point in (c, d)
    ):
        return True
    return (_turn(a, b, c) > 0) != (_turn(a, b, d) > 0) and (_turn(c, d, a) > 0) != (
        _turn(c, d, b) > 0
    )
