"""Leaks are found exactly where groups, bytes or recordings are on two sides.

In: clips with sides. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import DataError
from slipdetect.lab.check.checking import alike_groups
from slipdetect.lab.check.near_duplicates import Alignment, NearPair
from slipdetect.lab.data import Clip
from slipdetect.lab.data.splits import find_leaks, require_no_leak, same_files

SIDES = st.sampled_from(["train", "val", "test", ""])


@given(rows=st.lists(st.tuples(st.sampled_from("abcd"), SIDES), max_size=12))
def test_a_group_leaks_if_and_only_if_it_has_two_sides(rows: list[tuple[str, str]]) -> None:
    clips = [Clip(Path(f"/nowhere/{i}"), True, group=g, split=s) for i, (g, s) in enumerate(rows)]
    leaks = find_leaks(clips)
    expected = [
        group for group in "abcd" if len({side for name, side in rows if name == group} - {""}) > 1
    ]
    assert [leak.group for leak in leaks.groups] == expected
    assert bool(leaks) == bool(expected)
    for leak in leaks.groups:
        for side, count in leak.clips.items():
            assert count == rows.count((leak.group, side)) > 0


def test_ten_are_named_and_the_others_counted() -> None:
    clips = [
        Clip(Path(f"/nowhere/{i}-{side}"), True, group=f"g{i:02}", split=side)
        for i in range(13)
        for side in ("train", "test")
    ]
    (sentence,) = find_leaks(clips).sentences()
    assert sentence.startswith("13 groups are on two sides or more: 'g00' (1 train, 1 test), ")
    assert "'g09'" in sentence
    assert "'g10'" not in sentence
    assert sentence.endswith(" and 3 more")


def test_the_line_of_an_error_is_short_however_much_leaks(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 200)
    folder.mkdir()
    clips = []
    for i in range(40):
        path = folder / f"{i}.mp4"
        path.write_bytes(b"%d" % (i % 12 // 3))  # four sets of ten
        clips.append(Clip(path, True, group=f"{'g' * 300}{i % 20}", split=("train", "val")[i % 2]))
        clips.append(replace(clips[-1], path=folder / f"gone{i}", split="test"))
    pairs = [
        NearPair(one, other, 1.0, Alignment(0.99, 0.5))
        for one, other in zip(clips, clips[1:] + clips[:1], strict=True)
    ]
    leaks = find_leaks(clips, pairs)
    assert (len(leaks.groups), len(leaks.copies), len(leaks.near)) == (20, 4, 80)
    assert len(leaks.line()) < 2000
    assert leaks.line().startswith("the split leaks: 20 groups are on two sides or more: '")
    assert "0.mp4' (train)" in leaks.line()
    assert leaks.line().endswith(" and 77 more")


@pytest.fixture
def written(tmp_path: Path) -> dict[str, Clip]:
    clips = {}
    for name, content in (("a", b"123"), ("b", b"124"), ("c", b"123"), ("d", b"12")):
        (tmp_path / name).write_bytes(content)
        clips[name] = Clip(tmp_path / name, True, group=name)
    return clips


def test_files_with_the_same_bytes(written: dict[str, Clip], tmp_path: Path) -> None:
    gone = Clip(tmp_path / "gone", True, group="gone", split="val")
    assert same_files([*written.values(), gone]) == [(written["a"], written["c"])]
    sides = {"a": "train", "b": "val", "c": "test", "d": "val"}
    sided = [replace(clip, split=sides[name]) for name, clip in written.items()]
    leaks = find_leaks([*sided, gone])
    assert [[clip.path.name for clip in same] for same in leaks.copies] == [["a", "c"]]
    assert "'a' (train)" not in leaks.sentences()[0]
    assert "a' (train) = '" in leaks.sentences()[0]
    together = [replace(clip, split="train") for clip in written.values()]
    assert not find_leaks(together)


@pytest.mark.parametrize(
    ("correlation", "sides", "leaks"),
    [
        (0.95, ("train", "val"), True),
        (0.95, ("train", "train"), False),
        (0.95, ("train", ""), False),
        (0.85, ("train", "val"), False),
        (None, ("train", "val"), False),
    ],
)
def test_only_the_same_recording_on_two_sides_leaks(
    correlation: float | None, sides: tuple[str, str], leaks: bool
) -> None:
    first, second = (Clip(Path(f"/no/{i}"), True, split=s) for i, s in enumerate(sides))
    alignment = None if correlation is None else Alignment(correlation, 0.5)
    pair = NearPair(first, second, 1.0, alignment)
    found = find_leaks([first, second], [pair])
    assert bool(found) == leaks
    if leaks:
        assert found.sentences() == [
            "1 pair of clips on two sides show one recording: "
            "'/no/0' (train) = '/no/1' (val), 0.5 s later"
        ]


def test_training_refuses_groups_on_both_sides(
    written: dict[str, Clip], caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever the clips' own sides say."""
    one, two = written["a"], replace(written["b"], group="a")
    with pytest.raises(
        DataError, match=r"1 group is on two sides.*'a' \(1 train, 1 val\).*one side"
    ):
        require_no_leak([one], [two])
    require_no_leak([one], [written["b"]])
    with caplog.at_level(logging.WARNING):
        require_no_leak([one], [two], allow=True)
    assert "'a' (1 train, 1 val)" in caplog.text


def test_clips_without_a_group_are_no_group() -> None:
    require_no_leak([Clip(Path("/no/a"), True)], [Clip(Path("/no/b"), True)])


def test_groups_that_differ_in_case_or_punctuation() -> None:
    names = ["Return_of_the_King", "RETURN OF THE KING", "return-2", "return2", "other", "/no/4"]
    clips = [Clip(Path(f"/no/{i}"), True, group=name) for i, name in enumerate(names)]
    clips += [Clip(Path("/no/A"), True, group="/no/A"), Clip(Path("/no/a"), True, group="/no/a")]
    assert alike_groups(clips) == [
        ("return-2", "return2"),
        ("RETURN OF THE KING", "Return_of_the_King"),
    ]
