"""The clock: known stamps are times, the others lie between; gaps, joins, and where it begins.

In: stamps by hand. Out: seconds by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.video import DecodeReport, Gap, Join
from slipdetect.video.clock import Clock
from slipdetect.video.timing import Timing, plausible_rate

MS = Fraction(1, 1000)
DAY = 86_400_000


class Stamped:
    """What a clock looks at of a decoded frame."""

    width, height, key_frame = 64, 48, False

    def __init__(self, stamp: int | None, slot: int | None = None) -> None:
        self.pts, self.dts = stamp, slot


def told(
    stamps: Sequence[int | None], rate: float | None = 25.0, **timing: object
) -> tuple[list[float], DecodeReport]:
    report = DecodeReport()
    clock = Clock(Timing("presentation", rate, MS, **timing), report)
    frames = [Stamped(stamp) for stamp in stamps]
    found = list(clock.timed(frames))
    assert [frame for _, frame in found] == frames
    clock.tell()
    return [seconds for seconds, _ in found], report


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([1075, 1115, 1155], [0.0, 0.04, 0.08]),
        ([-500, -460, -420], [0.0, 0.04, 0.08]),
        ([0, 40, 30, 80], [0.0, 0.04, 0.04, 0.08]),
        # spread evenly between those known, at whatever rate that is
        ([0, None, 80], [0.0, 0.04, 0.08]),
        ([0, None, None, None, 400, 500], [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]),
        # before the first and behind the last the usual distance
        ([None, None, 500, 540], [0.0, 0.04, 0.08, 0.12]),
        ([0, 100, 200, None, None], [0.0, 0.1, 0.2, 0.3, 0.4]),
        ([0, None, None, None, 160, None, 240], [0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24]),
        # the stamp of the next picture, given to the one before it as well
        ([0, None, None, 160, 160, 200], [0.0, 0.04, 0.08, 0.12, 0.16, 0.2]),
        # or, with B-frames, to the one behind it
        ([0, None, None, 120, 120, None, 240], [0.0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.24]),
    ],
)
def test_times_by_hand(stamps: list[int | None], expected: list[float]) -> None:
    times, report = told(stamps)
    assert times == pytest.approx(expected)
    assert report == DecodeReport()


def test_the_usual_distance_is_the_streams_and_not_the_last_one_seen() -> None:
    steady = [40 * i for i in range(20)]
    times, report = told([*steady, 1800, None, None])  # a second in which nothing was recorded
    assert times[-3:] == pytest.approx([1.8, 1.84, 1.88])
    assert report == DecodeReport()


def test_a_gap_is_gone_over_and_listed() -> None:
    times, report = told([0, 40, 4_000_040, 4_000_080])
    assert times == pytest.approx([0.0, 0.04, 4000.04, 4000.08])
    assert report.gaps == [Gap(0.04, 4000.04)]
    assert report.joins == []
    assert report.warnings == ["1 gap without pictures: 0.0 s to 4000.0 s (4000.0 s)"]


def test_ten_seconds_are_no_gap_yet() -> None:
    times, report = told([0, 40, 10_040, 10_080])
    assert times == pytest.approx([0.0, 0.04, 10.04, 10.08])
    assert report == DecodeReport()


def test_pictures_without_stamps_before_a_gap_follow_the_one_before_it() -> None:
    times, report = told([0, 40, None, None, 60_000, 60_040])
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12, 60.0, 60.04])
    assert report.gaps == [Gap(0.12, 60.0)]
    assert report.warnings[0] == (
        "the gap up to 60.0 s is somewhere among 2 pictures without a timestamp: it is taken to end"
        " with the first picture that has one"
    )


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([0, 3], [0.0, 0.04, 0.08, 59.92, 59.96, 60.0]),
        ([2], [0.0, 0.04, 59.88, 59.92, 59.96, 60.0]),
        ([2, 4], [0.0, 0.04, 0.08, 0.12, 59.96, 60.0]),  # that nearest to what is known
        ([3, 5], [0.0, 0.04, 0.08, 0.12, 0.16, 60.0]),
        ([1], [0.0, 0.04, 0.08, 0.12, 0.16, 60.0]),  # it has a stamp of its own
    ],
)
def test_a_gap_ends_with_a_key_frame(keys: list[int], expected: list[float]) -> None:
    report = DecodeReport()
    frames = [Stamped(stamp) for stamp in (0, 40, None, None, None, 60_000, 60_040)]
    for index in keys:
        frames[index].key_frame = True
    clock = Clock(Timing("presentation", 25.0, MS), report)
    times = [seconds for seconds, _ in clock.timed(frames)]
    assert times == pytest.approx([*expected, 60.04])
    ((before, behind),) = [(a, b) for a, b in pairwise(times) if b - a > 10]
    assert report.gaps == [Gap(pytest.approx(before), pytest.approx(behind))]


@pytest.mark.parametrize(
    ("stamps", "expected", "join"),
    [
        ([0, 40, 80, 0, 40], [0.0, 0.04, 0.08, 0.12, 0.16], Join(0.12, 0.0)),
        ([0, 100, 200, 5, 105], [0.0, 0.1, 0.2, 0.3, 0.4], Join(0.3, 0.005)),
        ([0, 40, 2 * DAY, 2 * DAY + 40], [0.0, 0.04, 0.08, 0.12], Join(0.08, 172_800.0)),
    ],
)
def test_a_fall_back_or_a_leap_of_a_day_begins_a_part(
    stamps: list[int], expected: list[float], join: Join
) -> None:
    times, report = told(stamps)
    assert times == pytest.approx(expected)
    assert report.joins == [join]
    assert "timestamps jump" in report.warnings[0]
    assert f"{join.at:.1f} s" in report.warnings[0]


@pytest.mark.parametrize("wild", [5_000_000, -5_000_000, 3 * DAY])
def test_a_stamp_that_the_next_one_belies_is_none(wild: int) -> None:
    times, report = told([0, 40, 80, wild, 160, 200])
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12, 0.16, 0.2])
    assert report == DecodeReport()


def test_true_stamps_behind_pictures_that_had_to_go_without_are_no_fall_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("slipdetect.video.clock._HELD_BYTES", 10 * 64 * 48)
    times, report = told([0, *[None] * 20, 400, 440, 480], rate=10.0)
    assert times == sorted(times)
    assert times[-1] >= 0.48
    assert report == DecodeReport()


def test_a_camera_that_sets_its_clock_goes_on() -> None:
    times, report = told([0, 40, 60_000, 60_040], join_gaps=True)
    assert times == pytest.approx([0.0, 0.04, 0.08, 0.12])
    assert report.gaps == []


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (Fraction(0), 6.0),  # sound from 0 s on
        (Fraction(6), 0.0),
        (Fraction(5_980, 1000), 0.0),  # less than a frame
        (Fraction(-2 * 86_400), 0.0),  # nonsense
        (Fraction(7), 0.0),
    ],
)
def test_zero_is_where_the_recording_begins(start: Fraction, first: float) -> None:
    times, _ = told([6000, 6040], start=start)
    assert times == pytest.approx([first, first + 0.04])


def test_pictures_without_any_stamp_are_at_the_headers_rate_and_that_is_said() -> None:
    times, report = told([None] * 3, rate=10.0)
    assert times == pytest.approx([0.0, 0.1, 0.2])
    assert len(report.warnings) == 1
    assert "10 frames per second" in report.warnings[0]


def test_slots_are_gone_by_where_presentation_stamps_are_guesses() -> None:
    clock = Clock(Timing("slots", 10.0, Fraction(1, 10)), DecodeReport())
    frames = [Stamped(p, d) for p, d in [(1, 2), (4, 3), (2, 4), (3, 6), (5, None)]]
    assert [seconds for seconds, _ in clock.timed(frames)] == pytest.approx([0, 0.1, 0.2, 0.4, 0.5])


def test_stamps_that_waver_are_smoothed() -> None:
    """12.5 pictures a second; each second's first stamp has lost its milliseconds, as in DHAV."""
    true = [80 * i for i in range(200)]
    stamps = [time - (40 if time // 1000 % 2 else 0) for time in true]
    assert max(b - a for a, b in pairwise(stamps)) == 120
    times, report = told(stamps, rate=12.0, steady=True)
    assert all(abs(b - a - 0.08) <= 0.006 for a, b in pairwise(times[12:]))
    assert times == pytest.approx([time / 1000 for time in true], abs=0.04)
    assert report == DecodeReport()


def test_a_rate_that_was_named_is_gone_by() -> None:
    clock = Clock(Timing("none", 10.0), DecodeReport())
    frames = [Stamped(p) for p in (7, None, 3)]
    assert [seconds for seconds, _ in clock.timed(frames)] == [0.0, 0.1, 0.2]
    assert clock.end == pytest.approx(0.3)


@given(st.lists(st.one_of(st.none(), st.integers(-(10**7), 10**7)), min_size=1, max_size=50))
def test_never_backwards_and_none_lost(stamps: list[int | None]) -> None:
    times, _ = told(stamps)
    assert times[0] == 0.0
    assert times == sorted(times)
    assert len(times) == len(stamps)


def test_equal_times_are_equal_floats() -> None:
    clock = Clock(Timing("presentation", 30.0, Fraction(1, 15360)), DecodeReport())
    frames = [Stamped(512 * i) for i in range(100)]
    assert [seconds for seconds, _ in clock.timed(frames)] == [i / 30 for i in range(100)]


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
