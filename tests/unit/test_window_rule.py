"""Where windows may sit in a clip, by hand.

In: clips with events. Out: ranges of window centers in seconds.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.lab.data import Clip, WindowRule

RULE = WindowRule(window=1.5, event_cap=1.5, clearance=0.7)


def fall(*events: tuple[float, float]) -> Clip:
    return Clip(Path("a.mp4"), True, events)


OTHER = Clip(Path("b.mp4"), False)


@pytest.mark.parametrize(
    ("events", "lookalikes", "expected"),
    [
        ((), ((3.0, 4.0),), [(3.0, 4.0)]),
        # windows lie inside the clip: centers from 0.75 to 9.25
        ((), ((0.0, 0.5), (9.0, 10.0)), [(0.75, 0.75), (9.0, 9.25)]),
        # clear of a fall from 4 to 5, so before 3.3 and after 5.7
        (((4.0, 5.0),), ((3.0, 3.9), (5.0, 6.0)), [(3.0, 3.3), (5.7, 6.0)]),
        (((4.0, 5.0),), ((3.5, 4.5),), []),
        ((), (), []),
    ],
)
def test_lookalikes(
    events: tuple[tuple[float, float], ...],
    lookalikes: tuple[tuple[float, float], ...],
    expected: list[tuple[float, float]],
) -> None:
    clip = Clip(Path("a.mp4"), bool(events), events, lookalikes=lookalikes)
    found = RULE.lookalike_ranges(clip, 10.0)
    assert found == [pytest.approx(pair) for pair in expected]


@pytest.mark.parametrize(
    ("clip", "duration", "positive", "negative"),
    [
        # centers of whole windows: 0.75 to 9.25
        (OTHER, 10.0, [], [(0.75, 9.25)]),
        (OTHER, 1.0, [], [(0.5, 0.5)]),
        (OTHER, 0.0, [], [(0.0, 0.0)]),
        # unknown times: any window may show the fall, none certainly does not
        (fall(), 10.0, [(0.75, 9.25)], []),
        (fall((4.0, 5.0)), 10.0, [(4.0, 5.0)], [(0.75, 3.3), (5.7, 9.25)]),
        # a long event counts for its first 1.5 s, and the lying person is no negative
        (fall((4.0, 8.0)), 10.0, [(4.0, 5.5)], [(0.75, 3.3), (8.7, 9.25)]),
        # windows pushed inside at either end would come within 0.7 s of the event
        (fall((1.2, 2.0)), 10.0, [(1.2, 2.0)], [(2.7, 9.25)]),
        (fall((7.0, 8.8)), 10.0, [(7.0, 8.5)], [(0.75, 6.3)]),
        (fall((1.0, 2.0), (6.0, 7.0)), 10.0, [(1.0, 2.0), (6.0, 7.0)], [(2.7, 5.3), (7.7, 9.25)]),
        # an event that the file does not reach
        (fall((4.0, 5.0)), 3.0, [], [(0.75, 2.25)]),
        (fall((4.0, 5.0)), 4.5, [(4.0, 4.5)], [(0.75, 3.3)]),
        (fall((0.2, 1.0)), 1.2, [(0.2, 1.0)], []),
    ],
)
def test_ranges(
    clip: Clip,
    duration: float,
    positive: list[tuple[float, float]],
    negative: list[tuple[float, float]],
) -> None:
    def near(ranges: list[tuple[float, float]]) -> list[object]:
        return [pytest.approx(r) for r in ranges]

    assert RULE.positive_ranges(clip, duration) == near(positive)
    assert RULE.negative_ranges(clip, duration) == near(negative)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(0.1, 3)), min_size=1, max_size=4),
    st.floats(0, 25),
)
def test_negative_windows_keep_clear_of_every_event(
    spans: list[tuple[float, float]], duration: float
) -> None:
    events = tuple((start, start + length) for start, length in spans)
    for low, high in RULE.negative_ranges(fall(*events), duration):
        assert min(0.75, duration / 2) <= low <= high <= max(duration - 0.75, duration / 2)
        for center in (low, (low + high) / 2, high):
            for start, end in events:
                assert center <= start - 0.7 + 1e-9 or center >= end + 0.7 - 1e-9
