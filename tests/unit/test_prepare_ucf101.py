"""Data sets in UCF101's form: lists, class numbers, groups.

In: lists and folders of empty files. Out: rows.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from prepare_files import touch
from slipdetect.errors import DataError, UsageError
from slipdetect.lab.prepare.mapping import ClassMapping
from slipdetect.lab.prepare.rows import Prepared
from slipdetect.lab.prepare.ucf101 import MISSING, UNGROUPED, UNLISTED, prepare_ucf101

OTHERS = ClassMapping(pairs=(("*", "other"),))


@pytest.fixture
def ucf(tmp_path: Path) -> Path:
    """Two classes, as the real set spells one of them: folder and file differ."""
    touch(
        tmp_path / "videos",
        "HandstandPushups/v_HandStandPushups_g01_c01.avi",
        "HandstandPushups/v_HandStandPushups_g08_c01.avi",
        "Archery/v_Archery_g01_c01.avi",
        "Archery/v_Archery_g01_c02.avi",
    )
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "classInd.txt").write_text("1 Archery\n2 HandstandPushups\n")
    (lists / "trainlist01.txt").write_text(
        "HandstandPushups/v_HandStandPushups_g08_c01.avi 2\r\nArchery/v_Archery_g09_c01.avi 1\r\n"
    )
    (lists / "testlist01.txt").write_text(
        "Archery/v_Archery_g01_c01.avi\nHandstandPushups/v_HandStandPushups_g01_c01.avi\n"
    )
    return tmp_path


def prepare(ucf: Path, mapping: ClassMapping = OTHERS, split: int = 1) -> Prepared:
    return prepare_ucf101(ucf / "videos", ucf / "lists", split, mapping)


def test_rows(ucf: Path) -> None:
    prepared = prepare(ucf)
    assert [(row.path.name, row.split, row.group, row.action) for row in prepared.rows] == [
        ("v_HandStandPushups_g08_c01.avi", "train", "ucf101-HandStandPushups_g08",
         "HandstandPushups"),
        ("v_Archery_g01_c01.avi", "test", "ucf101-Archery_g01", "Archery"),
        ("v_HandStandPushups_g01_c01.avi", "test", "ucf101-HandStandPushups_g01",
         "HandstandPushups"),
    ]  # fmt: skip
    assert {row.label for row in prepared.rows} == {"other"}
    assert prepared.left_out.reasons() == {
        MISSING: ["Archery/v_Archery_g09_c01.avi"],
        UNLISTED: [str(ucf / "videos/Archery/v_Archery_g01_c02.avi")],
    }
    assert prepared.notes == []


def test_a_list_for_validation_is_taken_where_there_is_one(ucf: Path) -> None:
    (ucf / "lists" / "vallist01.txt").write_text("Archery/v_Archery_g01_c02.avi\n")
    prepared = prepare_ucf101(ucf / "videos", ucf / "lists", 1, OTHERS, "mine")
    found = {row.path.name: (row.split, row.group, row.dataset) for row in prepared.rows}
    assert found["v_Archery_g01_c02.avi"] == ("val", "mine-Archery_g01", "mine")
    assert len(found) == 4


def test_classes_can_be_left_out(ucf: Path) -> None:
    mapping = ClassMapping(positive=("Archery",), pairs=(("HandstandPushups", "skip"),))
    prepared = prepare(ucf, mapping)
    assert [(row.path.name, row.label) for row in prepared.rows] == [
        ("v_Archery_g01_c01.avi", "slip")
    ]
    reasons = prepared.left_out.reasons()
    assert reasons["class left out by the mapping"] == ["HandstandPushups"]


def test_ucf101_itself_says_nothing_of_slips(ucf: Path) -> None:
    with pytest.raises(UsageError, match=r"whether somebody slips: Archery, HandstandPushups"):
        prepare(ucf, ClassMapping())


def test_names_of_another_form_are_groups_of_their_own(ucf: Path) -> None:
    touch(ucf / "videos", "Archery/mine.mp4")
    with (ucf / "lists" / "testlist01.txt").open("a") as stream:
        stream.write("Archery/mine.mp4\n")
    prepared = prepare(ucf)
    assert prepared.rows[-1].group == "ucf101-Archery/mine.mp4"
    assert prepared.notes == [UNGROUPED]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Archery/v_Archery_g01_c02.avi 2", "line 3: .* is numbered 2, which is 'HandstandPush"),
        ("Archery/v_Archery_g01_c02.avi 3", "line 3: .* is numbered 3, which is 'no class'"),
        ("Golf/v_Golf_g01_c02.avi 1", "line 3: class 'Golf' is not in classInd"),
        ("v_Archery_g01_c02.avi 1", "line 3: .* names no class"),
        ("Archery/v_Archery_g09_c01.avi 1", "line 3: .* is also in list .* line 2"),
    ],
)
def test_contradictions_name_their_line(ucf: Path, line: str, words: str) -> None:
    with (ucf / "lists" / "trainlist01.txt").open("a") as stream:
        stream.write(f"{line}\n")
    with pytest.raises(DataError, match=words):
        prepare(ucf)


def test_one_video_in_both_lists_is_a_leak(ucf: Path) -> None:
    (ucf / "lists" / "testlist01.txt").write_text("Archery/v_Archery_g09_c01.avi\n")
    with pytest.raises(DataError, match=r"testlist01.* is also in list .*trainlist01"):
        prepare(ucf)


def test_lists_that_are_missing(ucf: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read list .*trainlist02"):
        prepare(ucf, split=2)
