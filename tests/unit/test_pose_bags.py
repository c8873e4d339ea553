"""Bags: which windows of a clip may show its event.

In: skeletons of drawn clips. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from people_seen import person_at
from skeleton_clips import skeletons
from slipdetect.lab.data import Clip
from slipdetect.lab.pose.augment import MARGIN
from slipdetect.lab.pose.bags import Bag, ClipBag, bag_of, training_bags
from slipdetect.people.skeletons import Skeletons
from slipdetect.people.tracks import SEEN, Tracker, track_window

RATE, PICTURES = 5.0, 13


def numbered(count: int = 26) -> Bag:
    """Return windows of 2.4 s that begin at -0.8, -0.6, ... s."""
    starts = (np.arange(count) - 4) / RATE
    windows = np.zeros((count, PICTURES + 2 * MARGIN, 58), np.float32)
    return Bag(windows, np.arange(count), starts, 2.4)


@pytest.mark.parametrize(
    ("event", "first", "last"),
    [
        # 0.8 s long: from 1.0 to 1.8 s must lie within, so starts are 1.8 - 2.4 to 1.0
        ((1.0, 1.8), -0.6, 1.0),
        # 1.4 s long: of it 1.2 s must be shown
        ((2.0, 3.4), 0.8, 2.0),
        # longer than 1.5 s: it may begin up to 0.8 s later than annotated
        ((2.0, 5.0), 0.8, 2.8),
    ],
)
def test_windows_that_may_show_an_event(
    event: tuple[float, float], first: float, last: float
) -> None:
    chosen = numbered().with_event(event).starts
    assert chosen == pytest.approx(np.arange(round(first * 5), round(last * 5) + 1) / 5)


def test_all_windows_may_where_no_time_is_known() -> None:
    assert len(numbered().with_event(None)) == 26


def test_windows_before_an_event_end_before_it_is_seen() -> None:
    # 2.4 s and up to 0.3 s of the event
    assert numbered().before((2.0, 3.0)).starts == pytest.approx([-0.8, -0.6, -0.4, -0.2])


@pytest.fixture(scope="module")
def pair() -> Skeletons:
    """Two people; one is not seen for two pictures, the other leaves early."""
    people = []
    for step in range(25):
        here = [] if 8 <= step < 10 else [person_at(10 + step, 20, 40 + step, 110)]
        people.append(here + ([person_at(200, 30, 228, 115)] if step < 6 else []))
    return Skeletons([k / RATE for k in range(25)], people, 320, 240)


def test_a_bag_is_every_window_of_every_track(pair: Skeletons) -> None:
    bag = bag_of(pair, PICTURES, RATE)
    tracker = Tracker(RATE)
    for people in pair.people:
        tracker.push(people)
    wanted, starts = [], []
    for path in tracker.paths.values():
        for first in range(-4, 25 - 8):
            window = track_window(path, first - MARGIN, PICTURES + 2 * MARGIN)
            if window is not None and window[MARGIN:-MARGIN, SEEN].sum() >= 3:
                wanted.append(window)
                starts.append(first / RATE)
    assert len(tracker.paths) == 2
    np.testing.assert_array_equal(bag.windows(), np.stack(wanted))
    assert bag.starts == pytest.approx(starts)
    assert bag.length == pytest.approx(2.4)
    late = bag.only(bag.starts > 1)
    chosen = np.array([3, 0])
    rows = [window for window, start in zip(wanted, starts, strict=True) if start > 1]
    np.testing.assert_array_equal(late.windows(chosen), np.stack([rows[3], rows[0]]))


def test_a_clip_without_people_has_an_empty_bag() -> None:
    for times in ([], [0.0, 0.2]):
        bag = bag_of(Skeletons(times, [[] for _ in times], 10, 10), PICTURES, RATE)
        assert len(bag) == 0
        assert bag.windows().shape == (0, 17, 58)


def test_clips_become_positive_and_negative_bags() -> None:
    bag = bag_of(skeletons(falls=True, seed=0, seconds=8.0), PICTURES, RATE)
    empty = bag.only(np.zeros(len(bag), bool))
    events = ((4.0, 5.0), (6.0, 7.0))
    made = training_bags(
        [
            ClipBag(Clip(Path("two"), True, events), bag),
            ClipBag(Clip(Path("untimed"), True), bag),
            ClipBag(Clip(Path("other"), False), bag),
            ClipBag(Clip(Path("nobody"), True, events), empty),
            ClipBag(Clip(Path("none"), False), empty),
        ]
    )
    assert [len(each) for each in made.positive] == [
        len(bag.with_event(events[0])),
        len(bag.with_event(events[1])),
        len(bag),
    ]
    assert [len(each) for each in made.negative] == [len(bag.before(events[0])), len(bag)]
