"""The CSV of ``prepare``: what is written is what ``read_annotations`` reads.

In: rows with every kind of path. Out: the file, read back.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipdetect.errors import DataError, OutputError
from slipdetect.lab.data import Clip, read_annotations
from slipdetect.lab.prepare.rows import Row, check_target, seconds, write_rows


def test_everything_comes_back(tmp_path: Path) -> None:
    rows = [
        Row(tmp_path / "a.mp4", "slip", "anna", "own", "train", "fall", 1.5, 2.25, {"view": "fr"}),
        Row(tmp_path / "a.mp4", "slip", "anna", "own", "train", "fall", 3.0, 4.0, {"view": "fr"}),
        Row(tmp_path / "sub" / "b.mp4", "other", "ben", "own", "test", "sit", more={"x": "1,2"}),
        Row(tmp_path / "c.mp4", "slip"),
    ]
    out = tmp_path / "clips.csv"
    write_rows(rows, out)
    assert read_annotations(out) == [
        Clip(
            tmp_path / "a.mp4",
            True,
            ((1.5, 2.25), (3.0, 4.0)),
            "anna",
            "own",
            split="train",
            classes=((1.5, 2.25, "fall"), (3.0, 4.0, "fall")),
        ),
        Clip(tmp_path / "sub" / "b.mp4", False, (), "ben", "own", split="test"),
        Clip(tmp_path / "c.mp4", True, (), str(tmp_path / "c.mp4")),
    ]
    assert read_annotations(out)[1].columns == {"action": "sit", "view": "", "x": "1,2"}
    assert out.read_text().splitlines()[0] == (
        "path,label,start,end,group,dataset,split,action,view,x"
    )


NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="/"), min_size=1
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(NAMES, NAMES)
def test_any_name_comes_back(tmp_path: Path, folder: str, name: str) -> None:
    path = tmp_path / folder / f"{name}.mp4"
    out = tmp_path / "clips.csv"
    write_rows([Row(path, "other")], out, overwrite=True)
    assert [clip.path for clip in read_annotations(out)] == [path]
    write_rows([Row(tmp_path / f"{name}.mp4", "other")], out, overwrite=True)
    assert [clip.path for clip in read_annotations(out)] == [tmp_path / f"{name}.mp4"]


@pytest.mark.parametrize("name", ["~x.mp4", "#x.mp4", " x.mp4", 'a"b,c.mp4', "-x.mp4", "=1+1.mp4"])
def test_names_with_a_meaning_elsewhere(tmp_path: Path, name: str) -> None:
    write_rows([Row(tmp_path / name, "other")], tmp_path / "clips.csv")
    assert read_annotations(tmp_path / "clips.csv")[0].path == tmp_path / name


@pytest.mark.parametrize("name", ["a\nb.mp4", "a\rb.mp4", "a.mp4 ", "a\udcff.mp4"])
def test_names_that_no_list_can_hold_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="rename the file"):
        write_rows([Row(tmp_path / name, "other")], tmp_path / "clips.csv")
    assert list(tmp_path.iterdir()) == []


def test_paths_are_relative_to_the_root_and_stay_in_it(tmp_path: Path) -> None:
    for name in ("data/videos", "lists"):
        (tmp_path / name).mkdir(parents=True)
    row = Row(tmp_path / "data" / "videos" / "a.mp4", "other")
    out = tmp_path / "lists" / "clips.csv"
    with pytest.raises(DataError, match=r"clip 'a\.mp4'.*leads out of.*--root"):
        write_rows([row], out)
    assert not out.exists()
    write_rows([row], out, tmp_path / "data")
    assert "\nvideos/a.mp4,other," in out.read_text()


def test_links(tmp_path: Path) -> None:
    """A link inside keeps its name, one that leads out is refused, a linked root is fine."""
    (tmp_path / "data" / "real").mkdir(parents=True)
    (tmp_path / "data" / "real" / "a.mp4").write_text("x")
    (tmp_path / "data" / "link").symlink_to(tmp_path / "data" / "real")
    (tmp_path / "data" / "out").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(tmp_path / "data")
    out = tmp_path / "data" / "clips.csv"
    write_rows([Row(tmp_path / "data" / "link" / "a.mp4", "other")], out)
    assert "\nlink/a.mp4," in out.read_text()
    write_rows([Row(tmp_path / "alias" / "real" / "a.mp4", "other")], out, overwrite=True)
    assert "\nreal/a.mp4," in out.read_text()
    with pytest.raises(DataError, match="leads out"):
        write_rows([Row(tmp_path / "data" / "out" / "b.mp4", "other")], out, overwrite=True)


def test_relative_paths_count_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    write_rows([Row(Path("data/a.mp4"), "other")], Path("data/clips.csv"))
    assert read_annotations(tmp_path / "data" / "clips.csv")[0].path == tmp_path / "data" / "a.mp4"


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    out = tmp_path / "clips.csv"
    out.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        check_target(out, None)
    with pytest.raises(OutputError, match="exists already"):
        write_rows([Row(tmp_path / "a.mp4", "other")], out)
    rows = [Row(tmp_path / "a.mp4", "other"), Row(tmp_path / "a.mp4", "slip")]
    with pytest.raises(DataError, match="one of them has no times"):
        write_rows(rows, out, overwrite=True)
    assert out.read_text() == "mine"
    assert os.listdir(tmp_path) == ["clips.csv"]  # noqa: PTH208
    check_target(out, None, overwrite=True)


def test_targets_that_make_no_sense(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"does not end with \.csv"):
        check_target(tmp_path / "clips.txt", None)
    with pytest.raises(DataError, match="--root names the folder"):
        check_target(tmp_path / "clips.csv", tmp_path / "none")
    with pytest.raises(DataError, match="no clip is left"):
        write_rows([], tmp_path / "clips.csv")


@pytest.mark.parametrize(
    ("time", "text"), [(0.0, "0"), (1.5, "1.5"), (3601.234567, "3601.234567"), (1 / 3, "0.333333")]
)
def test_seconds(time: float, text: str) -> None:
    assert seconds(time) == text
