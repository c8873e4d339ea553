"""Names of videos: short where that is enough, never alike, fit for every file system.

In: sources. Out: nothing but assertions.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.sinks.names import file_stems, video_ids


@pytest.mark.parametrize("names", [video_ids, file_stems])
def test_the_stem_is_enough_where_it_is_the_only_one(names) -> None:
    assert names(["a/x.y.mp4", "b/x.z.mp4", "/data/K\u00fcche 1.avi"]) == [
        "x.y",
        "x.z",
        "K\u00fcche 1",
    ]


@pytest.mark.parametrize("names", [video_ids, file_stems])
def test_S08_one_stem_in_two_folders(names) -> None:
    assert names(["a/x.mp4", "b/x.mp4", "c/y.mp4"]) == ["a-x", "b-x", "y"]


def test_S08_one_stem_in_one_folder_or_folders_of_one_name() -> None:
    found = file_stems(["a/x.mp4", "a/x.avi", "b/a/x.mp4"])
    assert len(set(found)) == 3
    for name in found:
        stem, _, digits = name.rpartition("-")
        assert stem == "x"
        assert len(digits) == 8
        assert int(digits, 16) >= 0
    # not by their number: the same video keeps its name in another order
    assert file_stems(["b/a/x.mp4", "a/x.avi", "a/x.mp4"]) == found[::-1]
    assert video_ids(["a/x.mp4", "a/x.avi"]) == ["a/x.mp4", "a/x.avi"]


def test_a_video_given_twice_and_names_that_differ_in_case_only() -> None:
    twice = file_stems(["x.mp4", "x.mp4", "y.mp4"])
    assert twice[1] == f"{twice[0]}-2"
    assert len({name.casefold() for name in file_stems(["X.mp4", "x.mp4"])}) == 2


def test_a_number_does_not_hit_another_name() -> None:
    assert video_ids(["rtsp://a", "rtsp-2.mp4", "rtsp://b"]) == ["rtsp", "rtsp-2", "rtsp-3"]


@pytest.mark.parametrize("names", [video_ids, file_stems])
def test_L05_an_address_gives_only_its_protocol(names) -> None:
    assert names(["rtsp://user:p%40ss@host/x?token=secret"]) == ["rtsp"]
    assert names(["rtsp://u:one@h/x", "rtsp://u:two@h/x"]) == ["rtsp", "rtsp-2"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a\nb.mp4", "a_b"),
        ("-x.mp4", "_x"),
        ("..x.mp4", "_x"),
        ('a:b*c?"<>|\\.mp4', "a_b_c______"),
        ("\udcff.mp4", "_xff"),
        ("%03d #.mp4", "%03d #"),
        ("", "_"),
        (" .mp4", "_"),
        ("a\0b.mp4", "a_b"),
    ],
)
def test_F27_odd_names(source: str, name: str) -> None:
    assert file_stems([source]) == [name]


@settings(max_examples=30)
@given(st.lists(st.text(max_size=300), max_size=4))
def test_F27_any_names_are_apart_short_and_one_part_of_a_path(sources: list[str]) -> None:
    found = file_stems(sources)
    assert len({name.casefold() for name in found}) == len(sources)
    for name in found:
        assert 0 < len(name.encode()) <= 170
        assert Path(name).name == name
        assert name.isprintable()
    assert len({name.casefold() for name in video_ids(sources)}) == len(sources)
