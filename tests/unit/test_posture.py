"""The state of people who stand, fall, get up, sit and bend, drawn as keypoints by hand.

In: boxes and trunks at five pictures a second. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from slipdetect.people.crowd import Posture, trunk_angle
from slipdetect.types import Person
from slipdetect.types.person import STATES

RATE = 5.0


def person(height: float, width: float, degrees: float, seen: float = 0.9) -> Person:
    """Somebody in a box, whose trunk of 40 px leans so far from upright."""
    points = np.zeros((17, 3), np.float32)
    points[:, 2] = seen
    lean = math.radians(degrees)
    points[[11, 12], :2] = 100.0, 200.0
    points[[5, 6], :2] = 100.0 + 40.0 * math.sin(lean), 200.0 - 40.0 * math.cos(lean)
    points[[5, 11], 0] -= 5  # left and right are not in one place
    points[[6, 12], 0] += 5
    return Person(points, np.array((50, 100, 50 + width, 100 + height), np.float32), 0.9)


STANDS = person(100, 40, 0)
FALLS = person(65, 60, 45)  # between: neither half as high nor upright
LIES = person(35, 100, 85)
SITS = person(78, 50, 10)
BENDS = person(65, 60, 80)
LEANS = person(95, 60, 60)


def states(*pictures: tuple[int, Person], rate: float = RATE) -> list[str]:
    posture = Posture(rate)
    return [posture.push(each) for count, each in pictures for _ in range(count)]


@pytest.mark.parametrize("degrees", [0, 30, 45, 90, 135, 180])
@pytest.mark.parametrize("side", [1, -1])
def test_the_angle_of_the_trunk(degrees: float, side: int) -> None:
    assert trunk_angle(person(100, 40, side * degrees)) == pytest.approx(degrees, abs=1e-3)


def test_a_trunk_that_is_hardly_seen_has_no_angle() -> None:
    assert trunk_angle(person(100, 40, 90, seen=0.14)) is None
    hidden = person(100, 40, 90)
    hidden.keypoints[12, 2] = 0.1
    assert trunk_angle(hidden) is None


def test_who_stands_is_up() -> None:
    assert states((10, STANDS)) == ["up"] * 10


def test_who_falls_and_lies_goes_down_and_is_down() -> None:
    found = states((10, STANDS), (4, FALLS), (10, LIES))
    # the median of three pictures is a picture late
    assert found == ["up"] * 11 + ["going_down"] * 4 + ["down"] * 9


def test_who_gets_up_again_is_getting_up_and_then_up() -> None:
    found = states((10, STANDS), (10, LIES), (4, FALLS), (5, STANDS))
    assert found == ["up"] * 11 + ["down"] * 10 + ["getting_up"] * 4 + ["up"] * 4


def test_who_sits_upright_is_up() -> None:
    assert states((10, STANDS), (10, SITS)) == ["up"] * 20


def test_who_bends_until_the_trunk_lies_is_taken_for_down_by_its_rule_and_comes_up() -> None:
    # 0.65 of the height is below 0.72, and 80 degrees above 50
    assert states((5, STANDS), (5, BENDS), (5, STANDS)) == ["up"] * 6 + ["down"] * 5 + ["up"] * 4


def test_who_leans_at_full_height_is_on_the_way_and_never_down() -> None:
    assert states((5, STANDS), (5, LEANS)) == ["up"] * 6 + ["going_down"] * 4


def test_one_odd_picture_changes_nothing() -> None:
    assert states((10, STANDS), (1, LIES), (10, STANDS)) == ["up"] * 21


def test_a_trunk_that_is_not_seen_leaves_the_height_to_decide() -> None:
    low, high = person(40, 90, 85, seen=0.0), person(100, 40, 0, seen=0.0)
    assert states((5, high), (5, low)) == ["up"] * 6 + ["down"] * 4


def test_the_height_is_remembered_for_ten_seconds_only() -> None:
    small = person(45, 30, 0)
    found = states((1, STANDS), (60, small))
    # the first picture is one of the last fifty up to picture 50
    assert found[2:50] == ["down"] * 48
    assert found[51:] == ["up"] * 10


def test_only_known_states_are_told() -> None:
    rng = np.random.default_rng(0)
    posture = Posture(RATE)
    for _ in range(500):
        height, width, lean = rng.uniform((20, 20, 0), (120, 120, 180))
        assert posture.push(person(height, width, lean)) in STATES
