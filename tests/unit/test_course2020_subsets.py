"""Subsets: nested, of whole groups, with the labels as common as in all clips.

In: made-up clips. Out: nothing but assertions.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import DataError
from slipdetect.lab.course2020.division import nested_subset, smoke_subset
from slipdetect.lab.data import Clip

SHARES = (475 / 668, 525 / 668, 575 / 668, 1.0)


def clip(index: int, group: str, positive: bool) -> Clip:
    return Clip(Path(f"{index}.mp4"), positive, group=group)


@st.composite
def clip_sets(draw: st.DrawFn) -> list[Clip]:
    groups = draw(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=30)
    )
    clips: list[Clip] = []
    for number, (positives, negatives) in enumerate(groups):
        for positive in [True] * positives + [False] * negatives:
            clips.append(clip(len(clips), f"g{number}", positive))
    return clips or [clip(0, "g", True)]


@given(clip_sets(), st.integers(0, 5))
def test_subsets_are_nested_and_cut_no_group(clips: list[Clip], seed: int) -> None:
    subsets = [nested_subset(clips, share, seed) for share in SHARES]
    for smaller, larger in itertools.pairwise(subsets):
        assert set(smaller) <= set(larger)
    assert subsets[-1] == clips
    for subset in subsets:
        inside = {item.group for item in subset}
        assert subset == [item for item in clips if item.group in inside]


@given(clip_sets(), st.floats(0.05, 1.0), st.integers(0, 5))
def test_a_subset_misses_its_share_by_half_a_group_at_most(
    clips: list[Clip], share: float, seed: int
) -> None:
    sizes = [sum(item.group == name for item in clips) for name in {c.group for c in clips}]
    subset = nested_subset(clips, share, seed)
    assert abs(len(subset) - share * len(clips)) <= max(sizes)
    assert subset


def test_labels_stay_as_common_as_they_are() -> None:
    clips = [clip(index, f"g{index // 2}", index // 2 % 4 == 0) for index in range(400)]
    for share in (0.1, 0.3, 0.71):
        subset = nested_subset(clips, share, 0)
        positives = sum(item.positive for item in subset) / len(subset)
        assert positives == pytest.approx(0.25, abs=0.03)


def test_the_order_is_drawn_by_the_seed() -> None:
    clips = [clip(index, f"g{index}", index % 3 == 0) for index in range(60)]
    assert nested_subset(clips, 0.5, 0) == nested_subset(clips, 0.5, 0)
    assert nested_subset(clips, 0.5, 0) != nested_subset(clips, 0.5, 1)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(DataError, match="share"):
        nested_subset([clip(0, "g", True)], share)


def test_a_smoke_subset_is_balanced_small_and_of_many_groups(tmp_path: Path) -> None:
    clips = []
    for index in range(24):
        path = tmp_path / f"{index}.mp4"
        path.write_bytes(b"x" * (100 - index))
        clips.append(Clip(path, index % 2 == 0, group=f"g{index // 6}{index % 2}"))
    chosen = smoke_subset(clips, 6)
    assert len(chosen) == 6
    assert sum(item.positive for item in chosen) == 3
    assert len({item.group for item in chosen}) == 6
    assert smoke_subset(clips, 100) == clips


def test_a_smoke_subset_takes_the_smallest_file_of_a_group(tmp_path: Path) -> None:
    for size in (30, 10, 20):
        (tmp_path / f"{size}.mp4").write_bytes(b"x" * size)
    clips = [Clip(tmp_path / f"{size}.mp4", True, group="g") for size in (30, 10, 20)]
    assert [item.path.name for item in smoke_subset(clips, 1)] == ["10.mp4"]
