"""Videos in class folders, as people keep them.

In: folders of empty files. Out: rows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from prepare_files import touch
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.prepare.folder import EMPTY, LOOSE, prepare_folder, single_folder
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.splitting import assign_splits

WORDS = ClassMapping()


def test_class_folders_and_what_lies_around(tmp_path: Path) -> None:
    folder = touch(
        tmp_path / "own",
        *("fall/anna/1.mp4", "fall/ben/2.MOV", "normal/anna/3.mkv", "normal/x-01.mp4"),
        *("normal/y-02.mp4", "loose.mp4", "notes/a.txt", ".hidden/b.mp4", "fall/.part.mp4"),
        *("notes.txt", "fall/readme.md"),
    )
    prepared = prepare_folder(folder, WORDS)
    found = [(r.path.relative_to(folder).as_posix(), r.label, r.group) for r in prepared.rows]
    assert found == [
        ("fall/anna/1.mp4", "slip", "own-anna"),
        ("fall/ben/2.MOV", "slip", "own-ben"),
        ("normal/anna/3.mkv", "other", "own-anna"),
        ("normal/x-01.mp4", "other", "own-x"),
        ("normal/y-02.mp4", "other", "own-y"),
    ]
    assert {(row.dataset, row.split) for row in prepared.rows} == {("own", "")}
    assert prepared.left_out.reasons() == {LOOSE: [str(folder / "loose.mp4")]}
    assert "5 clips are taken for 4 groups" in prepared.notes[0]


def test_T04_an_empty_class_is_named_and_refused_with_counts(tmp_path: Path) -> None:
    folder = touch(tmp_path / "own", "normal/a.mp4", "normal/b.mp4", "notes/a.txt")
    (folder / "fall").mkdir()
    prepared = prepare_folder(folder, WORDS)
    assert prepared.left_out.reasons() == {EMPTY: [str(folder / "fall")]}
    with pytest.raises(DataError, match=r"all 2 clips are labeled 'other'.*needs both labels"):
        assign_splits(prepared.rows, 0.1, 0.1, 0)


def test_classes_need_a_meaning(tmp_path: Path) -> None:
    folder = touch(tmp_path / "own", "fall/a.mp4", "sitting/b.mp4")
    with pytest.raises(UsageError, match=r"whether somebody slips: sitting; pass --map 'sitting="):
        prepare_folder(folder, WORDS)
    rows = prepare_folder(folder, ClassMapping(pairs=(("sitting", "other"),))).rows
    assert [row.label for row in rows] == ["slip", "other"]
    skipped = prepare_folder(folder, ClassMapping(pairs=(("sitting", "skip"),)))
    assert [row.label for row in skipped.rows] == ["slip"]
    assert skipped.left_out.reasons() == {"class left out by the mapping": ["sitting"]}


def test_own_groups_are_told(tmp_path: Path) -> None:
    folder = touch(tmp_path / "own", "fall/fall1.mp4", "fall/fall2.mp4", "normal/n1.mp4")
    prepared = prepare_folder(folder, WORDS, dataset="mine")
    assert len({row.group for row in prepared.rows}) == 2 + 1
    assert {row.dataset for row in prepared.rows} == {"mine"}
    assert "every clip is a group of its own" in prepared.notes[0]
    by_rule = prepare_folder(folder, WORDS, group_by="^(.)")
    assert {row.group for row in by_rule.rows} == {"own-f", "own-n"}
    assert by_rule.notes == []


def test_split_folders(tmp_path: Path) -> None:
    folder = touch(
        tmp_path / "own",
        "train/fall/a-1.mp4",
        "train/other/b-1.mp4",
        "test/fall/c-1.mp4",
        "x/y.mp4",
    )
    prepared = prepare_folder(folder, WORDS, split_folders=True)
    assert [(row.split, row.label, row.action) for row in prepared.rows] == [
        ("test", "slip", "fall"),
        ("train", "slip", "fall"),
        ("train", "other", "other"),
    ]
    reasons = prepared.left_out.reasons()
    assert reasons == {"folder that is none of train, val, test": [str(folder / "x")]}


def test_folders_of_another_form(tmp_path: Path) -> None:
    flat = touch(tmp_path / "flat", "a.mp4", "b.mp4")
    with pytest.raises(DataError, match="holds no class folders with videos; put them into"):
        prepare_folder(flat, WORDS)
    classes = touch(tmp_path / "classes", "fall/a.mp4")
    with pytest.raises(DataError, match="leave --split-folders out"):
        prepare_folder(classes, WORDS, split_folders=True)
    split = touch(tmp_path / "split", "train/a.mp4")
    with pytest.raises(DataError, match="holds no class folders"):
        prepare_folder(split, WORDS, split_folders=True)
    with pytest.raises(DataError, match="cannot read the folder"):
        prepare_folder(tmp_path / "none", WORDS)


def test_the_only_folder_of_an_archive_is_looked_into(tmp_path: Path) -> None:
    touch(tmp_path, "a/.unpacked-from", "a/b/c/fall/x.mp4", "a/b/c/normal/y.mp4", "a/__MACOSX/z")
    assert single_folder(tmp_path / "a") == tmp_path / "a" / "b" / "c"
    # one class folder alone is not taken for a wrapping
    touch(tmp_path, "d/fall/x.mp4")
    assert single_folder(tmp_path / "d") == tmp_path / "d"


def test_a_name_that_no_list_can_hold_is_left_out(tmp_path: Path) -> None:
    folder = touch(tmp_path / "own", "fall/a\nb.mp4", "fall/c.mp4", "normal/d.mp4")
    prepared = prepare_folder(folder, WORDS)
    assert [row.path.name for row in prepared.rows] == ["c.mp4", "d.mp4"]
    assert sum(map(len, prepared.left_out.reasons().values())) == 1
