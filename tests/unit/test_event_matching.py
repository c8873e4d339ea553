"""Pairs of found and true events, against plain loops over all there could be."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.lab.evaluate.event_matching import (
    match,
    overlap,
    seconds_outside,
    strays,
    touches,
)


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ((0.0, 2.0), (1.0, 3.0), 1 / 3),
        ((0.0, 4.0), (1.0, 2.0), 1 / 4),
        ((1.0, 2.0), (1.0, 2.0), 1.0),
        ((0.0, 1.0), (1.0, 2.0), 0.0),
        ((0.0, 1.0), (5.0, 6.0), 0.0),
        ((1.0, 1.0), (1.0, 1.0), 0.0),  # an instant has nothing in common
    ],
)
def test_overlap_by_hand(
    one: tuple[float, float], other: tuple[float, float], wanted: float
) -> None:
    assert overlap(one, other) == pytest.approx(wanted)
    assert overlap(other, one) == overlap(one, other)


def test_the_surest_event_chooses_first() -> None:
    truth = [(0.0, 4.0)]
    found = [(0.0, 4.0, 0.6), (1.0, 4.0, 0.9)]
    assert match(found, truth, 0.5) == [(1, 0)]  # though the other one overlaps all of it
    assert match(found, truth, 0.8) == [(0, 0)]


def test_it_takes_the_free_event_that_it_overlaps_most() -> None:
    truth = [(0.0, 2.0), (2.0, 6.0)]
    found = [(1.0, 5.0, 0.9), (1.0, 5.0, 0.5)]
    # with the second 3 of 5 seconds, with the first 1 of 5
    assert match(found, truth, 0.3) == [(0, 1)]
    assert match(found, truth, 0.2) == [(0, 1), (1, 0)]


times = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda t: (t[0], t[0] + t[1]))
some = st.lists(times, max_size=4)


@settings(max_examples=150)
@given(some, some, st.sampled_from([0.1, 0.3, 0.5, 0.9]))
def test_pairs_are_one_to_one_and_no_fewer_than_half_of_what_could_be(
    found: list[tuple[int, int]], truth: list[tuple[int, int]], least: float
) -> None:
    scored = [(a, b, (7 * a + b) % 11 / 11) for a, b in found]
    pairs = match(scored, truth, least)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(overlap(found[i], truth[j]) >= least for i, j in pairs)
    best = 0
    for order in itertools.permutations(range(len(truth)), min(len(found), len(truth))):
        for chosen in itertools.combinations(range(len(found)), len(order)):
            good = sum(
                overlap(found[i], truth[j]) >= least for i, j in zip(chosen, order, strict=True)
            )
            best = max(best, good)
    assert best / 2 <= len(pairs) <= best


@settings(max_examples=60)
@given(some, some)
def test_what_touches_nothing_is_astray(
    found: list[tuple[int, int]], truth: list[tuple[int, int]]
) -> None:
    scored = [(float(a), float(b), 0.5) for a, b in found]
    wanted = []
    for a, b, score in scored:
        near = False
        for start, end in truth:
            near = near or (a <= end + 0.5 and b >= start - 0.5)
        if not near:
            wanted.append((a, b, score))
    assert strays(scored, truth) == wanted
    for event in truth:
        assert not any(touches(item, event) for item in wanted)


@settings(max_examples=60)
@given(some, st.integers(1, 20))
def test_seconds_outside_are_counted_one_by_one(truth: list[tuple[int, int]], seconds: int) -> None:
    tenths = 0
    for k in range(10 * seconds):
        time = (k + 0.5) / 10
        tenths += not any(a - 0.5 <= time <= b + 0.5 for a, b in truth)
    assert seconds_outside(truth, seconds) == pytest.approx(tenths / 10)
