"""Which snippets are computed, and what the others get, in plain loops.

In: snippets that are numbers, scores that are drawn. Out: assertions on calls and scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from weakref import WeakSet

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection.schedule import (
    Scores,
    SkipQuiet,
    WindowPlan,
    anchor_distance,
    is_far_below,
)
from slipdetect.modalities.snippet import SnippetGrid, get_modality

GRID = SnippetGrid(6, 2, 12)
PLAN = WindowPlan.make(1.5, 0.2, GRID.step, GRID.span, 10.0)


def is_quiet(value: float) -> bool:
    return value < 0


def run(
    values: Sequence[float], every: int, sizes: Sequence[int], eager: bool = False
) -> tuple[list[int], list[float], list[int]]:
    """Score snippets 0, 1, ... in batches; quiet are those below 0.

    Returns:
        Places, scores, places that were computed.
    """
    computed: list[int] = []

    def score(places: Sequence[int]) -> list[Scores]:
        computed.extend(places)
        rows = [np.array([values[place], -values[place]], np.float32) for place in places]
        return [{"rgb": row} for row in rows]

    batches, begin = [], 0
    while begin < len(values):
        size = sizes[len(batches) % len(sizes)]
        batches.append(list(range(begin, min(begin + size, len(values)))))
        begin += size
    schedule = SkipQuiet(
        ("rgb",), GRID, PLAN, every, lambda scores: is_quiet(float(scores["rgb"][0])), eager
    )
    found = [pair for part in schedule.select(batches, score) for pair in part]
    assert all(float(scores["rgb"][1]) == -float(scores["rgb"][0]) for _, scores in found)
    return (
        [snippet for snippet, _ in found],
        [float(scores["rgb"][0]) for _, scores in found],
        sorted(computed),
    )


def test_by_hand() -> None:
    values = [-4.0, 9.0, 9.0, -7.0, 5.0, 6.0, 3.0, 1.0, 1.0, 8.0, -1.0, -1.0, -1.0]
    values += [9.0, 9.0, -4.0, 7.0]
    places, scores, computed = run(values, 3, [4])
    assert places == list(range(17))
    # 0 and 3 are both quiet, so are 12 and 15; where either is not, or an event goes on, none is
    # left out; 16 lies behind the last anchor
    assert computed == [0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 16]
    wanted = [-4.0, -5.0, -6.0, *values[3:13], -2.0, -3.0, -4.0, 7.0]
    assert scores == pytest.approx(wanted)


@settings(max_examples=200)
@given(
    st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=40),
    st.integers(1, 6),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_equals_loops_over_the_whole_video_however_it_is_divided(
    values: list[float], every: int, sizes: list[int]
) -> None:
    wanted = list(values)
    computed = set(range(len(values)))
    for before in range(0, len(values) - every, every):
        after = before + every
        if max(values[before], values[after]) < 0:
            for place in range(before + 1, after):
                share = (place - before) / every
                wanted[place] = values[before] * (1 - share) + values[after] * share
                computed.remove(place)
    places, scores, found = run(values, every, sizes)
    assert places == list(range(len(values)))
    assert scores == pytest.approx(wanted, abs=1e-5)
    assert found == sorted(computed)


def test_where_something_may_happen_the_next_one_is_computed_at_once() -> None:
    values = [-1.0, -2.0, -3.0, 1.0, 2.0, 9.0, 9.0, -1.0, -1.0, -1.0, -1.0, -1.0]
    places, scores, computed = run(values, 3, [1], eager=True)
    assert places == list(range(12))
    # 3 is unsure, so 4 is computed, and so on up to 7, behind which one of three suffices
    assert computed == [0, 1, 2, 3, 4, 5, 6, 7, 10, 11]
    assert scores == pytest.approx(values)


@settings(max_examples=200)
@given(
    st.lists(st.floats(-5, 5, width=16), min_size=1, max_size=40),
    st.integers(1, 6),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
)
def test_none_is_held_back_behind_one_that_is_not_confidently_in_no_event(
    values: list[float], every: int, sizes: list[int]
) -> None:
    places, scores, computed = run(values, every, sizes, eager=True)
    # however many wait
    assert (places, scores, computed) == run(values, every, [1], eager=True)
    assert places == list(range(len(values)))
    for place in range(len(values)):
        if place in computed:
            assert scores[place] == values[place]
        else:
            before = max(each for each in computed if each < place)
            after = min(each for each in computed if each > place)
            assert after - before <= every
            assert is_quiet(values[before])
            assert is_quiet(values[after])


def test_nothing_that_was_given_out_is_kept_while_the_next_is_waited_for() -> None:
    class Held:
        """Stands for a snippet with its pictures."""

    alive: WeakSet[Held] = WeakSet()
    most = 0

    def batches() -> Iterator[list[Held]]:
        nonlocal most
        for _ in range(12):
            most = max(most, len(alive))
            batch = [Held()]
            alive.add(batch[0])
            yield batch
            del batch

    def score(snippets: Sequence[Held]) -> list[Scores]:
        return [{"rgb": np.zeros(2, np.float32)} for _ in snippets]

    schedule = SkipQuiet(("rgb",), GRID, PLAN, 3, lambda scores: True, eager=True)
    for scored in schedule.select(batches(), score):
        del scored
    # two behind the last anchor wait for the next one; the newest was just handed over
    assert most <= 2


def test_every_one_computes_all() -> None:
    values = [-1.0] * 9
    assert run(values, 1, [4])[2] == list(range(9))


@pytest.mark.parametrize(
    ("name", "length", "step", "wanted"),
    [("rgbdiff", 10, 2, 4), ("rgbdiff", 10, 5, 1), ("rgb", None, 5, 1), ("flow", 5, 2, 2)],
)
def test_anchors_overlap(name: str, length: int | None, step: int, wanted: int) -> None:
    grid = SnippetGrid.make([get_modality(name, length)], step, 10.0)
    distance = anchor_distance(grid)
    assert distance == wanted
    assert distance == 1 or distance * step < grid.span - 1


@pytest.mark.parametrize(
    ("probability", "wanted"), [(0.0, True), (0.04, True), (0.042, False), (0.5, False), (1, False)]
)
def test_far_below_is_a_tenth_of_the_odds(probability: float, wanted: bool) -> None:
    """Offset 0.3 has odds of 3/7, so a tenth is 0.0411."""
    assert is_far_below(probability, 0.3) is wanted


def test_nothing_is_far_below_a_threshold_of_zero() -> None:
    assert not is_far_below(0.0, 0.0)
    assert is_far_below(0.5, 1.0)
