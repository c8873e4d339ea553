"""Clocks: times begin at 0, never run backwards, and join parts after jumps.

In: timestamps by hand. Out: seconds by hand.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.video.decoder import FixedClock, PresentationClock, plausible_rate

MS = Fraction(1, 1000)


def seconds(
    pts: list[int | None], rate: float | None = 25.0, may_jump: bool = False
) -> list[float]:
    clock = PresentationClock(MS, rate, may_jump)
    return [clock.seconds(value) for value in pts]


@pytest.mark.parametrize(
    ("pts", "expected"),
    [
        ([1075, 1115, 1155], [0.0, 0.04, 0.08]),
        ([-500, -460, -420], [0.0, 0.04, 0.08]),
        ([0, 40, 30, 80], [0.0, 0.04, 0.04, 0.08]),
        ([0, 40, 80, 0, 40], [0.0, 0.04, 0.08, 0.12, 0.16]),
        ([0, 100, 200, 5, 105], [0.0, 0.1, 0.2, 0.3, 0.4]),
        ([0, None, 80], [0.0, 0.04, 0.08]),
        ([None, None, 500, 540], [0.0, 0.04, 0.08, 0.12]),
        ([0, 20_000, 20_040], [0.0, 20.0, 20.04]),
        ([0, 40, 4_000_000, 4_000_040], [0.0, 0.04, 0.08, 0.12]),
    ],
)
def test_times_by_hand(pts: list[int | None], expected: list[float]) -> None:
    assert seconds(pts) == pytest.approx(expected)


def test_formats_with_jumps_join_parts_after_ten_seconds() -> None:
    assert seconds([0, 40, 20_000, 20_040], may_jump=True) == pytest.approx([0, 0.04, 0.08, 0.12])


@given(st.lists(st.one_of(st.none(), st.integers(-(10**7), 10**7)), min_size=1, max_size=50))
def test_never_backwards(pts: list[int | None]) -> None:
    times = seconds(pts)
    assert times[0] == 0.0
    assert times == sorted(times)


def test_equal_times_are_equal_floats() -> None:
    ticks = PresentationClock(Fraction(1, 15360), 30.0)
    assert [ticks.seconds(512 * i) for i in range(100)] == [i / 30 for i in range(100)]


def test_fixed_clock_ignores_timestamps() -> None:
    clock = FixedClock(10.0)
    assert [clock.seconds(value) for value in (7, None, 3)] == [0.0, 0.1, 0.2]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (None, None),
        (0, None),
        (Fraction(30000, 1001), 30000 / 1001),
        (241, None),
        (float("nan"), None),
    ],
)
def test_plausible_rates(rate: float | None, expected: float | None) -> None:
    assert plausible_rate(rate) == expected
