"""Groups guessed from names: folders first, then prefixes, never a lucky miss.

In: paths. Out: groups.
"""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.prepare.groups import group_files, name_prefix, ucf_group


def groups(*names: str, rule: str = "auto") -> list[str]:
    return group_files([PurePosixPath(name) for name in names], rule)


@pytest.mark.parametrize(
    ("stem", "prefix"),
    [
        ("anna-01", "anna"),
        ("anna_kitchen_12", "anna_kitchen"),
        ("anna (3)", "anna"),
        ("VID_20200101_101010", "VID_20200101"),
        ("anna01", "anna01"),
        ("01", "01"),
        ("anna", "anna"),
        ("anna-", "anna-"),
    ],
)
def test_prefixes(stem: str, prefix: str) -> None:
    assert name_prefix(stem) == prefix


def test_groups_of_ucf101_names() -> None:
    assert ucf_group("v_Slipping_g01_c02") == "Slipping_g01"
    assert ucf_group("v_Not_Slipping_g12_c02") == "Not_Slipping_g12"
    assert ucf_group("slipping_g01_c02") is None


def test_folders_are_groups_across_classes() -> None:
    found = groups("fall/anna/1.mp4", "normal/anna/1.mp4", "normal/ben/day1/1.mp4")
    assert found == ["anna", "anna", "ben/day1"]


def test_prefixes_are_groups_where_there_are_several() -> None:
    assert groups("fall/anna-1.mp4", "fall/anna-2.mp4", "fall/ben-1.mp4") == ["anna", "anna", "ben"]


def test_a_mere_counter_is_no_group() -> None:
    assert groups("fall/fall_01.mp4", "fall/fall_02.mp4") == [
        "fall/fall_01.mp4",
        "fall/fall_02.mp4",
    ]


def test_named_rules() -> None:
    names = ("fall/anna/x-1.mp4", "fall/y-1.mp4")
    assert groups(*names, rule="parent") == ["anna", "fall/y-1.mp4"]
    assert groups(*names, rule="name-prefix") == ["x", "y"]
    assert groups(*names, rule="file") == list(names)
    assert groups("fall/s1_a.mp4", "other/s1_b.mp4", rule="(s[0-9])_") == ["s1", "s1"]
    assert groups("fall/s1_a.mp4", rule="s[0-9]") == ["s1"]


def test_an_expression_that_misses_a_file_or_is_none() -> None:
    with pytest.raises(DataError, match=r"does not match 'fall/x\.mp4', whose group would be"):
        groups("fall/s1.mp4", "fall/x.mp4", rule="s[0-9]")
    with pytest.raises(UsageError, match="auto, parent, name-prefix, file or a regular expression"):
        groups("fall/s1.mp4", rule="(")
