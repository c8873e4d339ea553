"""Splits never cut a group and never lose a label; copies under another name are found.

In: clips in random groups. Out: two lists.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError
from slipdetect.lab.data import Clip, split_by_group
from slipdetect.lab.data.splits import divide, require_both_labels, require_no_leak
from slipdetect.lab.data.windows import MINED


@st.composite
def collections(draw: st.DrawFn) -> list[Clip]:
    rows = draw(st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=40))
    clips = [Clip(Path(f"{i}.mp4"), p, group=f"g{g}") for i, (p, g) in enumerate(rows)]
    return [*clips, Clip(Path("p"), True, group="x"), Clip(Path("n"), False, group="y")]


@settings(max_examples=200)
@given(collections(), st.floats(0, 0.95), st.integers(0, 2**31))
def test_groups_stay_whole_and_training_keeps_both_labels(
    clips: list[Clip], fraction: float, seed: int
) -> None:
    training, validation = split_by_group(clips, fraction, seed)
    assert [c for c in clips if c in training] == training
    assert sorted(str(c.path) for c in training + validation) == sorted(str(c.path) for c in clips)
    assert not {c.group for c in training} & {c.group for c in validation}
    assert {c.positive for c in training} == {True, False}
    assert split_by_group(clips, fraction, seed) == (training, validation)
    for label in (True, False):
        total = sum(c.positive == label for c in clips)
        held = sum(c.positive == label for c in validation)
        assert held <= max(1, 1.5 * fraction * total)
    if fraction == 0:
        assert validation == []


@pytest.mark.parametrize("seed", range(10))
def test_single_clip_groups_are_held_out_by_share(seed: int) -> None:
    clips = [Clip(Path(f"{i}"), i < 40, group=str(i)) for i in range(100)]
    _, validation = split_by_group(clips, 0.15, seed)
    assert sum(c.positive for c in validation) == 6
    assert sum(not c.positive for c in validation) == 9


def test_a_handful_of_clips_still_validates_on_both_labels() -> None:
    clips = [Clip(Path(f"{i}"), i < 4, group=str(i)) for i in range(8)]
    _, validation = split_by_group(clips, 0.15, 0)
    assert {c.positive for c in validation} == {True, False}
    assert len(validation) == 2


def test_other_seeds_give_other_splits() -> None:
    clips = [Clip(Path(f"{i}"), i % 2 == 0, group=str(i)) for i in range(40)]
    assert len({tuple(split_by_group(clips, 0.25, seed)[1]) for seed in range(5)}) > 1


@pytest.mark.parametrize("fraction", [-0.1, 1.0, float("nan")])
def test_impossible_fractions(fraction: float) -> None:
    with pytest.raises(DataError, match="validation fraction"):
        split_by_group([], fraction, 0)


@pytest.mark.parametrize("label", [True, False])
def test_one_label_only_is_refused_with_counts(label: bool) -> None:
    clips = [Clip(Path(f"{i}"), label) for i in range(3)]
    counts = "3 clips with a slip and 0 without" if label else "0 clips with a slip and 3 without"
    with pytest.raises(DataError, match=counts):
        require_both_labels(clips, "what was given")
    with pytest.raises(DataError):
        split_by_group(clips, 0.2, 0)


def test_copies_on_both_sides_are_found_by_content(tmp_path: Path) -> None:
    for name, content in (("a", b"123"), ("b", b"124"), ("c", b"123"), ("d", b"12")):
        (tmp_path / name).write_bytes(content)
    clips = {name: Clip(tmp_path / name, True) for name in "abcd"}
    require_no_leak([clips["a"], clips["c"]], [clips["b"], clips["d"]])
    with pytest.raises(DataError, match="1 clips for validation are also trained on") as caught:
        require_no_leak([clips["a"], clips["d"]], [clips["b"], clips["c"]])
    assert str(tmp_path / "a") in str(caught.value)
    assert str(tmp_path / "c") in str(caught.value)


@pytest.mark.parametrize("split", ["", "train"])
def test_mined_clips_are_trained_on_and_change_nothing_else(split: str) -> None:
    """Where the file holds nothing out, what is held out is drawn as without mined clips."""
    clips = [Clip(Path(f"{i}"), i % 2 == 0, group=f"{i}", split=split) for i in range(40)]
    tests = [Clip(Path("t"), True, group="t", split="test")] if split else []
    mined = [
        Clip(Path(f"m{i}"), False, group=f"m{i}", dataset=MINED, split="train") for i in range(40)
    ]
    training, validation = divide([*clips, *tests], 0.2, 3)
    assert validation
    assert divide([*clips, *tests, *mined], 0.2, 3) == ([*training, *mined], validation)
