"""Splits of prepared rows: whole groups, both labels where possible, the 2020 report's counts.

In: rows. Out: the same rows with a split.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.prepare.rows import Row, straddling
from slipdetect.lab.prepare.splitting import (
    SplitRequest,
    assign_splits,
    hold_out,
    split_by_position,
)


def rows_of(*groups: tuple[str, int, int]) -> list[Row]:
    """Return rows of groups ``(name, slips, others)``."""
    rows = []
    for name, slips, others in groups:
        for index in range(slips + others):
            label = "slip" if index < slips else "other"
            rows.append(Row(Path(f"{name}-{index}.mp4"), label, group=name))
    return rows


def counts(rows: list[Row]) -> dict[tuple[str, str], int]:
    return dict(Counter((row.split, row.label) for row in rows))


@st.composite
def collections(draw: st.DrawFn) -> list[Row]:
    size = st.tuples(st.integers(0, 4), st.integers(0, 4))
    sizes = draw(st.lists(size, min_size=1, max_size=10))
    groups = [(f"g{index}", *pair) for index, pair in enumerate(sizes)]
    return rows_of(*groups, ("x", 1, 0), ("y", 0, 1))


@settings(max_examples=200)
@given(collections(), st.floats(0, 0.45), st.floats(0, 0.45), st.integers(0, 2**31))
def test_groups_stay_whole_and_training_keeps_both_labels(
    rows: list[Row], val: float, test: float, seed: int
) -> None:
    split = assign_splits(rows, val, test, seed)
    assert [row.path for row in split] == [row.path for row in rows]
    assert straddling(split) == {}
    if val == test == 0.0:
        assert {row.split for row in split} == {""}
        return
    assert {row.label for row in split if row.split == "train"} == {"slip", "other"}
    assert assign_splits(rows, val, test, seed) == split


def test_shares_are_kept_where_groups_allow() -> None:
    rows = rows_of(*((f"p{i}", 2, 3) for i in range(40)))
    split = assign_splits(rows, 0.15, 0.2, 0)
    assert counts(split) == {
        ("train", "slip"): 52,
        ("train", "other"): 78,
        ("val", "slip"): 12,
        ("val", "other"): 18,
        ("test", "slip"): 16,
        ("test", "other"): 24,
    }
    assert assign_splits(rows, 0.15, 0.2, 1) != split


@pytest.mark.parametrize("seed", range(5))
def test_large_groups_still_give_both_labels_to_every_side(seed: int) -> None:
    """Three groups too large for any share: the smallest ones are taken."""
    split = assign_splits(rows_of(("a", 3, 3), ("b", 4, 4), ("c", 5, 5)), 0.15, 0.2, seed)
    assert {row.group: row.split for row in split} == {"a": "test", "b": "val", "c": "train"}


def test_two_groups_cannot_give_three_sides() -> None:
    split = assign_splits(rows_of(("a", 3, 3), ("b", 4, 4)), 0.15, 0.2, 0)
    assert {row.group: row.split for row in split} == {"a": "test", "b": "train"}


def test_several_events_of_one_clip_count_once() -> None:
    """Two clips with three events each weigh as much as two with one."""
    events = [
        Row(Path(f"{i}.mp4"), "slip", str(i), start=t, end=t + 1.0)
        for i in range(2)
        for t in (0.0, 2.0, 4.0)
    ]
    others = rows_of(*((f"o{i}", 0, 1) for i in range(2)))
    split = assign_splits([*events, *others], 0.0, 0.5, 3)
    assert counts(split) == {
        ("train", "slip"): 3,
        ("test", "slip"): 3,
        ("train", "other"): 1,
        ("test", "other"): 1,
    }


@pytest.mark.parametrize(("val", "test"), [(-0.1, 0.2), (0.2, 1.0), (0.5, 0.5), (float("nan"), 0)])
def test_impossible_shares(val: float, test: float) -> None:
    with pytest.raises(UsageError, match="together below 1"):
        SplitRequest(val, test)


def test_one_label_is_refused_unless_no_split_is_wanted() -> None:
    rows = rows_of(("a", 2, 0), ("b", 2, 0))
    with pytest.raises(DataError, match=r"all 4 clips are labeled 'slip'.*--val 0 --test 0"):
        assign_splits(rows, 0.1, 0.1, 0)
    assert assign_splits(rows, 0.0, 0.0, 0) == rows


def test_validation_is_held_out_of_training_alone() -> None:
    training = [
        Row(row.path, row.label, row.group, split="train")
        for row in rows_of(*((f"p{i}", 1, 1) for i in range(10)))
    ]
    testing = [Row(Path("t.mp4"), "slip", "p0", split="test")]
    split = hold_out([*training, *testing], 0.2, 0)
    assert counts(split) == {
        ("train", "slip"): 8,
        ("train", "other"): 8,
        ("val", "slip"): 2,
        ("val", "other"): 2,
        ("test", "slip"): 1,
    }
    assert hold_out([*training, *testing], 0.0, 0) == [*training, *testing]


@pytest.mark.parametrize(
    ("clips", "every", "train", "test"),
    [(475, 4, 357, 118), (525, 4, 394, 131), (575, 4, 432, 143), (668, 5, 535, 133)],
)
def test_the_course_reports_counts(clips: int, every: int, train: int, test: int) -> None:
    rows = [Row(Path(f"{i}.mp4"), "other", f"person {i // 3}") for i in range(clips)]
    split = split_by_position(rows, every)
    assert Counter(row.split for row in split) == {"train": train, "test": test}
    expected = ["test" if (i + 1) % every == 0 else "train" for i in range(clips)]
    assert [row.split for row in split] == expected
    # three clips of each person in a row: positions cut their groups
    assert straddling(split)


def test_the_course_report_counts_475_by_label() -> None:
    """198 slips and 277 others in class folders: 149 + 208 train, 49 + 69 test (reference 1.10)."""
    rows = rows_of(("other", 0, 277), ("slip", 198, 0))
    assert counts(split_by_position(rows, 4)) == {
        ("train", "slip"): 149,
        ("train", "other"): 208,
        ("test", "slip"): 49,
        ("test", "other"): 69,
    }


def test_events_of_one_clip_go_to_one_side() -> None:
    rows = [Row(Path(f"{i // 2}.mp4"), "slip") for i in range(8)]
    assert [row.split for row in split_by_position(rows, 2)] == ["train"] * 2 + ["test"] * 2 + [
        "train"
    ] * 2 + ["test"] * 2
    with pytest.raises(UsageError, match="2 or more"):
        split_by_position(rows, 1)


def test_long_videos_that_all_hold_a_fall_are_split() -> None:
    rows = [
        Row(Path(f"{name}.mp4"), "slip", group=name, start=start, end=start + 1.0)
        for name in ("mon", "tue", "wed", "thu")
        for start in (3.0, 9.0)
    ]
    split = assign_splits(rows, 0.25, 0.25, seed=0)
    # four videos of two events: one for the test, one for validation
    assert counts(split) == {("train", "slip"): 4, ("val", "slip"): 2, ("test", "slip"): 2}
    assert not straddling(split)
