"""Dividing clips: the file's own sides are kept, groups stay whole, leaks are refused.

In: small files. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from slipdetect.errors import DataError, OutputError
from slipdetect.lab.course2020.division import SIDES, Division, keep_division, make_division
from slipdetect.lab.data import Clip, read_annotations


def make_clips(folder: Path, count: int = 40, sides: str = "") -> list[Clip]:
    """Return clips of two a group, every second group with a slip; ``sides`` go round by group."""
    names = sides.split()
    clips = []
    for index in range(count):
        path = folder / f"{index:02}.mp4"
        path.write_bytes(bytes([index]) * 10)
        group = index // 2
        split = names[group % len(names)] if names else ""
        events = ((0.5, 1.0),) if group % 2 == 0 else ()
        clips.append(Clip(path, group % 2 == 0, events, f"g{group}", "made", split=split))
    return clips


def test_about_60_15_25_with_both_labels_and_whole_groups(tmp_path: Path) -> None:
    division = make_division(make_clips(tmp_path, 80), tmp_path)
    sizes = {name: len(division.side(name)) for name in SIDES}
    assert sum(sizes.values()) == 80
    assert sizes["test"] == pytest.approx(20, abs=4)
    assert sizes["val"] == pytest.approx(12, abs=4)
    for name in SIDES:
        assert {clip.positive for clip in division.side(name)} == {True, False}
        groups = {clip.group for clip in division.side(name)}
        assert all(c.split == name for c in division.clips if c.group in groups)
    assert not division.given
    assert make_division(make_clips(tmp_path, 80), tmp_path) == division


def test_the_files_own_sides_are_kept(tmp_path: Path) -> None:
    clips = make_clips(tmp_path, sides="train train val train test train test")
    division = make_division(clips, tmp_path)
    assert division.given
    assert list(division.clips) == clips


def test_validation_is_held_out_of_training_where_the_file_names_none(tmp_path: Path) -> None:
    clips = make_clips(tmp_path, sides="train train test")
    division = make_division(clips, tmp_path)
    assert {clip.split for clip in division.clips} == set(SIDES)
    for before, after in zip(clips, division.clips, strict=True):
        assert (before.split == "test") == (after.split == "test")


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ("train train test _", "have no split"),
        ("train", "side test"),
        ("test val", "training split has 0"),
    ],
)
def test_half_a_division_is_refused(tmp_path: Path, sides: str, message: str) -> None:
    clips = [
        replace(clip, split=clip.split.strip("_")) for clip in make_clips(tmp_path, sides=sides)
    ]
    with pytest.raises(DataError, match=message):
        make_division(clips, tmp_path)


def test_T04_a_group_on_two_sides_is_refused(tmp_path: Path) -> None:
    clips = make_clips(tmp_path, sides="train train val train test train test")
    clips[0] = replace(clips[0], split="test")
    with pytest.raises(DataError, match=r"1 group is on two sides .*'g0' \(1 train, 1 test\)"):
        make_division(clips, tmp_path)


@pytest.mark.parametrize(
    ("first", "second"), [("train", "val"), ("train", "test"), ("val", "test")]
)
def test_T04_a_copy_on_another_side_is_refused(tmp_path: Path, first: str, second: str) -> None:
    clips = make_clips(tmp_path, sides="train train val train test train test")
    one = next(clip for clip in clips if clip.split == first)
    two = next(clip for clip in clips if clip.split == second)
    two.path.write_bytes(one.path.read_bytes())
    with pytest.raises(DataError, match=rf"under other names: .*\({first}\) = .*\({second}\)"):
        make_division(clips, tmp_path)


def test_S52_a_leaking_split_is_used_if_told_and_says_so(tmp_path: Path) -> None:
    clips = make_clips(tmp_path, sides="train train val train test train test")
    # g0: one clip to test; g2 (validation): a copy of a training clip; g4 (test): nothing
    clips[0] = replace(clips[0], split="test")
    clips[4].path.write_bytes(clips[2].path.read_bytes())
    with pytest.raises(DataError, match="or pass --allow-leaks"):
        make_division(clips, tmp_path)
    division = make_division(clips, tmp_path, allow_leaks=True)
    assert list(division.clips) == clips
    found = division.leaked
    assert found is not None
    tested = sum(clip.split == "test" for clip in clips)
    assert (found.count, found.test_clips, found.of) == (2, 1, tested)
    groups, copies = found.sentences
    assert groups == "1 group is on two sides or more: 'g0' (1 train, 1 test)"
    assert copies.startswith("1 file is on two sides under other names: ")


def test_S52_a_side_held_out_of_a_leaking_split_is_used_if_told(tmp_path: Path) -> None:
    clips = make_clips(tmp_path, sides="train train test")
    clips[0] = replace(clips[0], split="test")
    with pytest.raises(DataError, match="or pass --allow-leaks"):
        make_division(clips, tmp_path)
    division = make_division(clips, tmp_path, allow_leaks=True)
    assert {clip.split for clip in division.clips} == set(SIDES)
    assert division.leaked is not None
    assert (division.leaked.count, division.leaked.test_clips) == (1, 1)


def test_without_a_leak_there_is_nothing_to_say(tmp_path: Path) -> None:
    clips = make_clips(tmp_path)
    division = make_division(clips, tmp_path, allow_leaks=True)
    assert division.leaked is None
    assert division == make_division(clips, tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    clips = make_clips(tmp_path)
    clips[3].path.unlink()
    with pytest.raises(DataError, match=r"03\.mp4"):
        make_division(clips, tmp_path)


def test_the_kept_file_reads_back_as_the_division(tmp_path: Path) -> None:
    division = make_division(make_clips(tmp_path), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    path = keep_division(division, out)
    again = read_annotations(path, tmp_path)
    assert again == list(division.clips)
    assert make_division(again, tmp_path) == replace(division, given=True)
    assert keep_division(division, out) == path


def test_another_division_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    clips = make_clips(tmp_path)
    keep_division(make_division(clips, tmp_path), tmp_path)
    with pytest.raises(OutputError, match=r"another split.*choose another --out"):
        keep_division(make_division(clips, tmp_path, seed=1), tmp_path)
    with pytest.raises(OutputError, match="nothing"):
        keep_division(
            Division(
                (*make_division(clips, tmp_path).clips, replace(clips[0], split="val")),
                tmp_path,
                False,
            ),
            tmp_path,
        )


def test_the_digest_knows_the_data_and_not_the_place(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.mkdir()
    there.mkdir()
    division = make_division(make_clips(here), here)
    assert make_division(make_clips(there), there).digest == division.digest
    clips = list(division.clips)
    for changed in (
        replace(clips[0], positive=False, events=()),
        replace(clips[0], events=((0.5, 1.1),)),
        replace(clips[0], group="other"),
        replace(clips[0], split="test" if clips[0].split != "test" else "val"),
    ):
        assert replace(division, clips=(changed, *clips[1:])).digest != division.digest
    clips[0].path.write_bytes(b"longer than before")
    assert division.digest != make_division(make_clips(there), there).digest
