"""Annotation files of every shape: what is read, and what is refused with its line number.

In: CSV text. Out: clips, or one-line errors.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipdetect.errors import DataError
from slipdetect.lab.data import Clip, read_annotations
from synth import make_video


def read(
    tmp_path: Path, text: str, encoding: str = "utf-8", root: Path | None = None
) -> list[Clip]:
    file = tmp_path / "clips.csv"
    file.write_bytes(text.encode(encoding))
    return read_annotations(file, root)


def test_the_short_form(tmp_path: Path) -> None:
    clips = read(tmp_path, "path,label,start,end\na.mp4,slip,1.5,2\nsub/b.mp4,other,,\n")
    assert clips == [
        Clip(tmp_path / "a.mp4", True, ((1.5, 2.0),), str(tmp_path / "a.mp4")),
        Clip(tmp_path / "sub/b.mp4", False, (), str(tmp_path / "sub/b.mp4")),
    ]
    assert all(clip.timed for clip in clips)


def test_the_long_form_keeps_other_columns(tmp_path: Path) -> None:
    text = (
        "path,dataset,licence,label,event_start,event_end,group,note\n"
        'a.mp4,urfd,CC BY,fall,0.5,1.25,person-1,"falls, twice"\n'
        "b.mp4,urfd,CC BY,fall,,,person-2,\n"
    )
    first, second = read(tmp_path, text, root=Path("/data"))
    assert first.path == Path("/data/a.mp4")
    assert (first.events, first.group, first.dataset) == (((0.5, 1.25),), "person-1", "urfd")
    assert first.columns == {"licence": "CC BY", "note": "falls, twice"}
    assert second.positive
    assert not second.timed


@pytest.mark.parametrize(
    ("label", "positive"),
    [
        ("Slip", True),
        ("FALL ", True),
        ("1", True),
        ("NotSlipping", False),
        ("adl", False),
        ("0", False),
    ],
)
def test_labels(tmp_path: Path, label: str, positive: bool) -> None:
    assert read(tmp_path, f"path,label\na.mp4,{label}\n")[0].positive is positive


def test_byte_order_mark_and_windows_lines(tmp_path: Path) -> None:
    text = "path,label,start,end\r\nä b.mp4,slip,0,1\r\n\r\nc.mp4,other,,\r\n"
    clips = read(tmp_path, text, "utf-8-sig")
    assert [clip.path.name for clip in clips] == ["ä b.mp4", "c.mp4"]


def test_rows_of_one_path_are_events_of_one_clip(tmp_path: Path) -> None:
    text = "path,label,start,end\na.mp4,slip,4,5\nb.mp4,other,,\n./a.mp4,slip,1,2\na.mp4,slip,4,5\n"
    first, _ = read(tmp_path, text)
    assert first.events == ((1.0, 2.0), (4.0, 5.0))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a.mp4,falling over,,", "neither a slip"),
        (",slip,1,2", "path is empty"),
        ("a.mp4,slip,1,", "it has a start and no end; give both or neither"),
        ("a.mp4,slip,,2", "it has an end and no start; give both or neither"),
        ("a.mp4,slip,one,2", "time 'one' is neither seconds"),
        ("a.mp4,slip,3,2", "it ends at 2, not after 3; correct the times"),
        ("a.mp4,slip,nan,2", "time 'nan' is neither seconds"),
        ("a.mp4,slip,1,inf", "time 'inf' is neither seconds"),
        ("a.mp4,slip,2,2", "it ends at 2, not after 2"),
        ("a.mp4,slip,-1,2", "time '-1' is before the video begins"),
        ("a.mp4,wrong,,", "'wrong' needs the times"),
        ("ok.mp4,slip,,", "'ok.mp4' is also in .* line 2, and one of them has no times"),
        ("ok.mp4,other,,", "'ok.mp4' is also in .* line 2, and one of them has no times"),
        ("a\0.mp4,slip,,", "NUL"),
    ],
)
def test_bad_rows_name_their_line(tmp_path: Path, row: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason) as caught:
        read(tmp_path, f"path,label,start,end\nok.mp4,slip,0,1\n{row}\n")
    assert "clips.csv" in str(caught.value)
    assert "line 3" in str(caught.value) or reason == "NUL"
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty; its first line must name at least path,label"),
        ("path,start\na.mp4,1\n", "lacks the column label"),
        ("path,label\n", "lists no clips"),
    ],
)
def test_files_without_clips(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(tmp_path, text)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot read annotations"):
        read_annotations(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="cannot read annotations"):
        read_annotations(tmp_path)
    with pytest.raises(DataError, match=r"clips\.csv' line 2 is not UTF-8 text; save it as UTF-8"):
        read(tmp_path, "path,label\nä.mp4,slip\n", "latin-1")


def test_rows_longer_or_shorter_than_the_header(tmp_path: Path) -> None:
    clips = read(tmp_path, "path,label,group\na.mp4,slip\nb.mp4,other,g,,\n")
    assert [clip.group for clip in clips] == [str(tmp_path / "a.mp4"), "g"]
    decimal_commas = "path,label,start,end\na.mp4,slip,1,5,3,0\n"
    with pytest.raises(DataError, match=r"line 2 has 6 cells, its header names 4"):
        read(tmp_path, decimal_commas)


def test_files_that_a_spreadsheet_saved_otherwise(tmp_path: Path) -> None:
    semicolons = "sep=;\r\npath;label;start;end\r\na.mp4;slip;1,5;2\r\n"
    (clip,) = read(tmp_path, semicolons)
    assert (clip.path.name, clip.events) == ("a.mp4", ((1.5, 2.0),))
    (clip,) = read(tmp_path, "Path\tLabel\tEvent start\tEvent End\na,b.mp4\t1.0\t0:01:02\t63\n")
    assert (clip.path.name, clip.positive, clip.events) == ("a,b.mp4", True, ((62.0, 63.0),))
    with pytest.raises(DataError, match=r"clips\.csv'.* is not UTF-8 text; save it as UTF-8"):
        read(tmp_path, "path,label\nM\u00fcll.mp4,slip\n", encoding="cp1252")
    with pytest.raises(DataError, match=r"clips\.csv': No such file or directory; check the path$"):
        read_annotations(tmp_path / "none" / "clips.csv")
    assert len(read(tmp_path, "path,label\r\na.mp4,slip\r\n")) == 1


def test_a_review_is_read_as_it_is(tmp_path: Path) -> None:
    text = (
        "path,start,end,label,group,score\n"
        "a.mp4,1,2,right,g,0.9\na.mp4,5.5,6,wrong,g,0.7\na.mp4,8,9,missed,g,\n"
        "b.mp4,3,4,wrong,b.mp4,0.8\nc.mp4,,,other,c.mp4,\n"
    )
    first, second, third = read(tmp_path, text)
    assert (first.positive, first.events) == (True, ((1.0, 2.0), (8.0, 9.0)))
    assert first.lookalikes == ((5.5, 6.0),)
    assert (second.positive, second.events, second.lookalikes) == (False, (), ((3.0, 4.0),))
    assert (third.positive, third.lookalikes) == (False, ())


@pytest.mark.parametrize("rows", ["1,2,right\n5,6,wrong", "5,6,wrong\n1,2,right"])
def test_the_order_of_verdicts_does_not_matter(tmp_path: Path, rows: str) -> None:
    lines = "".join(f"a.mp4,{row}\n" for row in rows.splitlines())
    (clip,) = read(tmp_path, "path,start,end,label\n" + lines)
    assert (clip.positive, clip.events, clip.lookalikes) == (True, ((1.0, 2.0),), ((5.0, 6.0),))


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("a.mp4,,,wrong\n", "'wrong' needs the times"),
        ("a.mp4,1,2,right\na.mp4,,,other\n", "one of them has no times"),
        ("a.mp4,1,2,wrong\na.mp4,,,other\n", "one of them has no times"),
        ("a.mp4,1,2,right,a\na.mp4,3,4,right,b\n", "line 3: another group than in .* line 2"),
    ],
)
def test_reviews_that_contradict_themselves(tmp_path: Path, rows: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        read(tmp_path, "path,start,end,label,group\n" + rows)


def test_what_people_and_programs_do_to_a_csv(tmp_path: Path) -> None:
    text = (
        "# fridays\n\n"
        "Path, LABEL, Start, End, Group, Split, Note\n"
        'a.mp4, Fall, 1.0, 2.50, "Anna, B.", Test, x\n'
        ",,,,,,\n"
        "  # b.mp4, fall, 3, 4,,,\n"
        "c.mp4 , 0.0 , , , , ,\n"
        'a.mp4, Other, 5e0, 6, "anna, b.", test, \n'
    )
    first, second = read(tmp_path, text)
    assert (first.path, first.group, first.split) == (tmp_path / "a.mp4", "Anna, B.", "test")
    assert (first.events, first.lookalikes) == (((1.0, 2.5),), ((5.0, 6.0),))
    assert first.columns == {"note": "x"}
    assert (second.path, second.positive) == (tmp_path / "c.mp4", False)


def test_the_csv_of_detect_is_read_by_its_own_columns(tmp_path: Path) -> None:
    (clip,) = read(tmp_path, "source,start_s,end_s,label\na.mp4,1,2,slip\n")
    assert (clip.path, clip.events) == (tmp_path / "a.mp4", ((1.0, 2.0),))


@pytest.fixture(scope="module")
def ten_seconds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video of 10 s, 10 frames a second."""
    folder = tmp_path_factory.mktemp("ten")
    make_video(folder / "a.mp4", count=100, rate=10.0, size=(64, 48))
    return folder


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ("41,52", r"line 3: 41 s to 52 s of 'a\.mp4', which ends at 10\.00 s; are these frame num"),
        ("41,52", r"are these frame numbers at 10/s\? correct the times"),
        ("4100,5200", r"at 10\.00 s; are these milliseconds\? correct"),
        ("41000,52000", r"at 10\.00 s; correct the times"),
        ("9,19", r"line 3: 9 s to 19 s of 'a\.mp4', which ends at 10\.00 s"),
    ],
)
def test_times_beyond_the_end_are_refused(ten_seconds: Path, times: str, words: str) -> None:
    file = ten_seconds / "clips.csv"
    file.write_text(f"path,label,start,end\na.mp4,slip,1,2\na.mp4,fall,{times}\n")
    with pytest.raises(DataError, match=words):
        read_annotations(file)
    assert len(read_annotations(file, lengths=False)[0].events) == 2


def test_times_that_end_a_little_late(ten_seconds: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = ten_seconds / "clips.csv"
    file.write_text("path,label,start,end\na.mp4,slip,8,10.4\nno.mp4,slip,900,901\n")
    assert [clip.events for clip in read_annotations(file)] == [((8.0, 10.4),), ((900.0, 901.0),)]
    assert caplog.messages == []
    file.write_text("path,label,start,end\na.mp4,slip,8,11\n")
    (clip,) = read_annotations(file)
    assert clip.events == ((8.0, pytest.approx(10.0, abs=0.01)),)
    (told,) = caplog.messages
    assert told.startswith("1 time ends after its video, and is taken to end there: annotations '")
