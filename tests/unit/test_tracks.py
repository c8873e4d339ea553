"""Tracks: who keeps a number, and a person's window of time.

In: people made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import numpy as np
import pytest

from people_seen import person_at
from slipdetect.people.tracks import (
    BOX,
    COLUMNS,
    INSIDE,
    POINTS,
    SCORE,
    SEEN,
    Tracker,
    TrackRows,
    track_window,
)
from slipdetect.types.person import Person


def at(x: float, *, width: float = 30, score: float = 0.5, height: float = 90) -> Person:
    return person_at(x, 100 - height, x + width, 100, score)


def test_two_people_who_cross_keep_their_numbers() -> None:
    """One is larger, as one who walks nearer to the camera; they meet in the middle."""
    tracker = Tracker(5.0)
    for step in range(21):
        one, other = at(10 * step), at(200 - 10 * step, width=42, height=126)
        pair = [one, other] if step % 2 else [other, one]
        tracker.push(pair)
    assert sorted(tracker.paths) == [1, 2]
    for path in tracker.paths.values():
        heights = {round(float(each.box[3] - each.box[1])) for each in path.people}
        assert len(heights) == 1
        assert path.frames == list(range(21))


@pytest.mark.parametrize(("missed", "tracks"), [(5, 1), (7, 2)])
def test_a_gap_of_half_a_second_is_bridged(missed: int, tracks: int) -> None:
    tracker = Tracker(10.0)
    for step in range(20):
        tracker.push([] if 8 <= step < 8 + missed else [at(2 * step)])
    assert len(tracker.paths) == tracks


def test_who_is_found_twice_is_one() -> None:
    tracker = Tracker(5.0)
    assert tracker.push([at(10, score=0.3), at(11, score=0.6), at(120)]) == [1, 2]
    assert tracker.paths[1].people[0].score == 0.6


def test_the_unsure_go_on_but_do_not_begin() -> None:
    tracker = Tracker(5.0)
    assert tracker.push([at(10, score=0.1)]) == []
    assert tracker.push([at(10, score=0.2)]) == [1]
    assert tracker.push([at(10, score=0.1)]) == [1]
    assert tracker.push([at(10, score=0.05)]) == []


SEEN_AT = (2, 3, 6, 7, 9)


@pytest.fixture
def tracker() -> Tracker:
    made = Tracker(5.0)
    for step in range(12):
        person = [at(5.0 * step + step % 3, score=0.3 + step / 100)] if step in SEEN_AT else []
        made.push(person)
    assert len(made.paths) == 1
    return made


def by_loops(tracker: Tracker, first: int, length: int) -> np.ndarray:
    path = tracker.paths[1]
    known = dict(zip(path.frames, path.people, strict=True))
    window = np.zeros((length, COLUMNS))
    for row, place in enumerate(range(first, first + length)):
        before = max((f for f in known if f <= place), default=min(known))
        after = min((f for f in known if f >= place), default=max(known))
        share = (place - before) / (after - before) if after > before else 0.0
        for columns, of in (
            (slice(0, POINTS), lambda p: p.keypoints.ravel()),
            (BOX, lambda p: p.box),
        ):
            low, high = of(known[before]), of(known[after])
            window[row, columns] = low + share * (high - low)
        window[row, SCORE] = known[place].score if place in known else 0.0
        window[row, SEEN] = place in known
        window[row, INSIDE] = min(known) <= place <= max(known)
    return window


@pytest.mark.parametrize("first", [-2, 0, 2, 4])
def test_a_window_fills_gaps_linearly(tracker: Tracker, first: int) -> None:
    window = track_window(tracker.paths[1], first, 9)
    assert window is not None
    np.testing.assert_allclose(window, by_loops(tracker, first, 9), atol=1e-4)


def test_many_windows_at_once_are_each_of_them(tracker: Tracker) -> None:
    firsts = np.arange(-4, 12)
    rows = TrackRows.of(tracker.paths[1])
    windows = rows.windows(firsts, 7)
    assert rows.seen(firsts, 7).tolist() == windows[..., SEEN].sum(1).tolist()
    for first, window in zip(firsts.tolist(), windows, strict=True):
        alone = track_window(tracker.paths[1], first, 7)
        if alone is None:
            assert window[:, SEEN].sum() < 3
        else:
            np.testing.assert_array_equal(window, alone)
