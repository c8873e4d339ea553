"""Zones: what they contain, which polygons are none, and whom they leave out.

In: polygons by hand and by chance, a grid of points judged by plain loops. Out: nothing but
assertions.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from slipdetect import Window, Zone, Zones
from slipdetect.errors import UsageError
from slipdetect.types import Sighting
from slipdetect.types.zones import OUTSIDE, Point, foot_of, foot_of_window

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
# an L: the square without its upper right quarter
ELL = ((0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.2, 0.6))
BOW = ((0.2, 0.2), (0.6, 0.6), (0.6, 0.2), (0.2, 0.6))


@pytest.mark.parametrize(
    ("point", "square", "ell"),
    [
        ((0.3, 0.3), True, True),
        ((0.5, 0.3), True, False),  # in the bay of the L
        ((0.5, 0.5), True, True),
        ((0.1, 0.3), False, False),
        ((0.7, 0.3), False, False),
        ((0.3, 0.1), False, False),
        ((0.3, 0.7), False, False),
        ((0.2, 0.2), True, True),  # a corner
        ((0.3, 0.2), True, True),  # a side
        ((0.6, 0.5), True, True),
        ((0.4, 0.3), True, True),  # of the L a side
        ((0.1 + 0.2, 0.6), True, True),  # 0.30000000000000004
        ((0.2 + 1e-7, 0.6 + 1e-7), False, False),
        ((0.1, 0.2), False, False),  # level with a side, left of it
        ((0.7, 0.6), False, False),
        ((0.1, 0.4), False, False),  # level with a corner of the L
    ],
)
def test_what_is_inside_by_hand(point: Point, square: bool, ell: bool) -> None:
    for turned in (1, -1):  # whichever way around the corners are given
        for shift in range(6):
            for zone, inside in ((SQUARE, square), (ELL, ell)):
                corners = (zone[shift % len(zone) :] + zone[: shift % len(zone)])[::turned]
                assert Zone("z", corners).contains(point) is inside


def winding(point: Point, corners: tuple[Point, ...]) -> float:
    """Return how often a polygon goes around a point: the angles to its corners, added up."""
    total = 0.0
    for index, (x2, y2) in enumerate(corners):
        x1, y1 = corners[index - 1]
        angle = math.atan2(y2 - point[1], x2 - point[0]) - math.atan2(y1 - point[1], x1 - point[0])
        while angle > math.pi:
            angle -= 2 * math.pi
        while angle < -math.pi:
            angle += 2 * math.pi
        total += angle
    return total / (2 * math.pi)


def far_from_sides(point: Point, corners: tuple[Point, ...]) -> bool:
    for index, (x2, y2) in enumerate(corners):
        x1, y1 = corners[index - 1]
        along = (point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        share = min(max(along / length, 0.0), 1.0) if length else 0.0
        nearest = x1 + share * (x2 - x1), y1 + share * (y2 - y1)
        if math.dist(nearest, point) < 0.01:
            return False
    return True


shares = st.integers(0, 20).map(lambda n: n / 20)


@given(st.lists(st.tuples(shares, shares), min_size=3, max_size=7))
def test_a_polygon_contains_what_it_goes_around(corners: list[Point]) -> None:
    try:
        zone = Zone("z", tuple(corners))
    except UsageError:
        assume(False)
        return
    for row in range(14):
        for column in range(14):
            point = (column / 13, row / 13)
            if far_from_sides(point, zone.points):
                assert zone.contains(point) is (abs(winding(point, zone.points)) > 0.5)
    for index, (x, y) in enumerate(zone.points):
        before = zone.points[index - 1]
        for share in (0.0, 0.25, 0.5, 2 / 3):
            on_side = (x + share * (before[0] - x), y + share * (before[1] - y))
            assert zone.contains(on_side)


def crosses(corners: tuple[Point, ...]) -> bool:
    """Whether two sides have more in common than the corner of neighbors; in whole numbers."""
    grid = [(round(20 * x), round(20 * y)) for x, y in corners]
    count = len(grid)
    for i in range(count):
        for j in range(i + 1, count):
            a, b, c, d = grid[i], grid[(i + 1) % count], grid[j], grid[(j + 1) % count]
            shared = {a, b} & {c, d} if j in (i + 1, i - 1 + count) else set()
            # solve a + s (b - a) = c + t (d - c) with whole numbers
            ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
            wx, wy = c[0] - a[0], c[1] - a[1]
            bottom = ux * vy - uy * vx
            if bottom:
                s, t = wx * vy - wy * vx, wx * uy - wy * ux
                if bottom < 0:
                    bottom, s, t = -bottom, -s, -t
                meet = 0 <= s <= bottom and 0 <= t <= bottom
                if meet and not shared:
                    return True
            elif ux * wy == uy * wx:  # on one line: how far along it does each reach
                along = lambda p, a=a, ux=ux, uy=uy: (p[0] - a[0]) * ux + (p[1] - a[1]) * uy  # noqa: E731
                low = max(min(along(a), along(b)), min(along(c), along(d)))
                high = min(max(along(a), along(b)), max(along(c), along(d)))
                if high > low or (high == low and not shared):
                    return True
    return False


@given(st.lists(st.tuples(shares, shares), min_size=3, max_size=6, unique=True))
def test_a_polygon_that_meets_itself_is_refused_and_no_other(corners: list[Point]) -> None:
    points = tuple(corners)
    area = sum(points[i - 1][0] * y - x * points[i - 1][1] for i, (x, y) in enumerate(points))
    if crosses(points):
        with pytest.raises(UsageError, match="crosses itself"):
            Zone("z", points)
    elif abs(area) > 1e-6:
        Zone("z", points)


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (BOW, r"crosses itself: its sides 1 and 3 meet; give the corners in order"),
        (SQUARE[:2], r"has 2 corners; it needs 3"),
        ((*SQUARE[:2], SQUARE[0]), r"has 2 corners"),
        ((), r"has 0 corners"),
        (((0.2, 0.2), (0.6, 0.2), (1.2, 0.6)), r"the corner \(1.2, 0.6\) is not in the picture"),
        (((0.2, 0.2), (0.6, -0.1), (0.2, 0.6)), r"shares of its width and height, from 0 to 1"),
        (((0.2, 0.2), (math.nan, 0.2), (0.2, 0.6)), r"is not in the picture"),
        (((0.2, 0.2), (0.2, 0.2), (0.6, 0.2), (0.2, 0.6)), r"has its corner 1 twice in a row"),
        (((0.2, 0.2), (0.6, 0.2), (0.3, 0.2), (0.2, 0.6)), r"its sides 1 and 2 meet"),
        (((0.2, 0.2), (0.4, 0.4), (0.6, 0.6)), r"crosses itself"),
    ],
)
def test_what_is_no_polygon_is_refused(points: tuple[Point, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        Zone("bed", points)
    assert "'bed'" in str(caught.value)


@pytest.mark.parametrize("name", ["", "  ", OUTSIDE])
def test_a_zone_has_a_name_of_its_own(name: str) -> None:
    with pytest.raises(UsageError, match="give it another name"):
        Zone(name, SQUARE)
    with pytest.raises(UsageError, match="two zones are called 'bed'"):
        Zones((Zone("bed", SQUARE), Zone("bed", ELL)))


def test_a_closed_polygon_is_the_open_one() -> None:
    assert Zone("z", (*SQUARE, SQUARE[0])) == Zone("z", SQUARE)


BED = Zone("bed", SQUARE)
FLOOR = Zone("floor", ((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0)), include=True)
HALL = Zone("hall", ((0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.0, 0.1)), include=True)


@pytest.mark.parametrize(
    ("zones", "foot", "by"),
    [
        ((), (0.3, 0.3), None),
        ((BED,), (0.3, 0.3), "bed"),
        ((BED,), (0.7, 0.3), None),
        ((FLOOR,), (0.3, 0.3), OUTSIDE),
        ((FLOOR,), (0.3, 0.9), None),
        ((FLOOR, HALL), (0.05, 0.05), None),  # one that includes is enough
        ((FLOOR, HALL), (0.05, 0.2), OUTSIDE),
        ((FLOOR, BED), (0.3, 0.5), "bed"),  # what excludes wins
        ((FLOOR, BED), (0.3, 0.7), None),
        ((FLOOR, BED), (0.9, 0.1), OUTSIDE),
    ],
)
def test_who_is_left_out_by_what(zones: tuple[Zone, ...], foot: Point, by: str | None) -> None:
    assert Zones(zones).leaves_out(foot) == by
    assert bool(Zones(zones)) is bool(zones)


def window(**changes: object) -> Window:
    return Window(1.0, 2.0, 0.9, **changes)  # type: ignore[arg-type]


def test_the_foot_is_that_of_the_person_else_of_what_moves() -> None:
    in_bed, beside = (
        Sighting(1, (0.2, 0.1, 0.4, 0.5), "down"),
        Sighting(2, (0.7, 0.1, 0.9, 0.5), "up"),
    )
    moving = (0.7, 0.2, 0.9, 0.4)
    assert foot_of((0.2, 0.1, 0.4, 0.5)) == pytest.approx((0.3, 0.5))
    assert foot_of_window(window(people=(beside, in_bed), person=1, moving=moving)) == (
        pytest.approx((0.3, 0.5))
    )
    # of whom the window speaks was not seen at its center
    for unseen in (window(people=(beside,), person=1, moving=moving), window(moving=moving)):
        assert foot_of_window(unseen) == pytest.approx((0.8, 0.4))
    assert foot_of_window(window(people=(in_bed,))) is None
    assert foot_of_window(window()) is None
    # of whom a camera above sees the lower side of a box is an arm as well as a foot
    assert foot_of_window(window(people=(in_bed,), person=1), "above") == pytest.approx((0.3, 0.3))
    assert foot_of_window(window(moving=moving), "above") == pytest.approx((0.8, 0.3))


def test_a_window_is_marked_and_keeps_the_rest() -> None:
    zones = Zones((BED,))
    moving = window(moving=(0.2, 0.1, 0.4, 0.5), streams={"flow": 0.9})
    marked = zones.marked(moving)
    assert marked == window(moving=(0.2, 0.1, 0.4, 0.5), streams={"flow": 0.9}, zone="bed")
    assert marked.probability == 0.9
    away = window(moving=(0.7, 0.1, 0.9, 0.5))
    assert zones.marked(away) is away
    nowhere = window()  # of what nothing is known counts, also where only a zone counts
    assert Zones((FLOOR,)).marked(nowhere) is nowhere
    assert Zones().marked(moving) is moving
