"""Which snippets are computed, and what the others get, in plain loops.

In: snippets that are numbers, scores that are drawn. Out: assertions on calls and scores.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection import EventConfig
from slipdetect.detection.refining import Refiner, anchor_distance, quiet_below
from slipdetect.modalities.modality import get_modality
from slipdetect.modalities.snippet import SnippetGrid


def run(
    values: Sequence[float], every: int, sizes: Sequence[int]
) -> tuple[list[int], list[float], list[int]]:
    """Refine snippets 0, 1, ... in batches; below 0 is quiet. Return places, scores, computed."""
    computed: list[int] = []

    def score(places: Sequence[int]) -> list[dict[str, torch.Tensor]]:
        computed.extend(places)
        return [{"rgb": torch.tensor([values[place], -values[place]])} for place in places]

    batches, begin = [], 0
    while begin < len(values):
        size = sizes[len(batches) % len(sizes)]
        batches.append(list(range(begin, min(begin + size, len(values)))))
        begin += size
    refiner = Refiner(score, lambda scores: float(scores["rgb"][0]) < 0, every)  # type: ignore[arg-type]
    found = [pair for part in refiner.refine(batches) for pair in part]  # type: ignore[arg-type]
    assert (refiner.snippets, refiner.computed) == (len(values), len(computed))
    assert all(float(scores["rgb"][1]) == -float(scores["rgb"][0]) for _, scores in found)
    return (
        [snippet for snippet, _ in found],  # type: ignore[misc]
        [float(scores["rgb"][0]) for _, scores in found],
        sorted(computed),
    )


def test_by_hand() -> None:
    values = [-4.0, 9.0, 9.0, 9.0, -8.0, 5.0, 6.0, 7.0, 1.0, 2.0]
    places, scores, computed = run(values, 4, [3])
    assert places == list(range(10))
    # 0 and 4 are quiet, 8 is not; 9 lies behind the last anchor
    assert computed == [0, 4, 5, 6, 7, 8, 9]
    assert scores == [-4.0, -5.0, -6.0, -7.0, -8.0, 5.0, 6.0, 7.0, 1.0, 2.0]


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
        if values[before] < 0 and values[after] < 0:
            for place in range(before + 1, after):
                share = (place - before) / every
                wanted[place] = values[before] * (1 - share) + values[after] * share
                computed.remove(place)
    places, scores, found = run(values, every, sizes)
    assert places == list(range(len(values)))
    assert scores == pytest.approx(wanted, abs=1e-5)
    assert found == sorted(computed)


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


@pytest.mark.parametrize(("offset", "wanted"), [(0.5, 1 / 11), (0.3, 3 / 73), (0.0, 0.0)])
def test_quiet_is_a_tenth_of_the_odds_at_which_events_end(offset: float, wanted: float) -> None:
    assert quiet_below(EventConfig(onset=0.8, offset=offset)) == pytest.approx(wanted)


def test_events_of_certainty_leave_room_for_quiet() -> None:
    assert 0.9 < quiet_below(EventConfig(onset=1.0, offset=1.0)) <= 1.0
