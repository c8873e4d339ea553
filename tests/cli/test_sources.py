"""What the user may name: files, folders, patterns, lists; strange names included.

In: names. Out: nothing but assertions.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from slipdetect.cli.sources import expand, video_on_stdin


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*sources: str) -> list[str]:
    jobs = expand(sources)
    assert all(job.error is None for job in jobs), jobs
    return [job.source for job in jobs]


def test_folders_and_patterns_are_searched_in_order(here: Path) -> None:
    (here / "d" / "e").mkdir(parents=True)
    for name in ("d/b.mp4", "d/a.avi", "d/e/c.mkv", "d/notes.txt"):
        (here / name).write_text("x")
    assert names("d") == ["d/a.avi", "d/b.mp4", "d/e/c.mkv"]
    assert names("d/*.mp4", "d/a.avi") == ["d/b.mp4", "d/a.avi"]


def test_a_list_is_relative_to_itself(here: Path) -> None:
    (here / "d").mkdir()
    text = "\ufeff# clips\r\n\r\n  a b.mp4\r\n/abs/c.mp4\n"
    (here / "d" / "list.txt").write_text(text, encoding="utf-8", newline="")
    assert names("@d/list.txt") == ["d/a b.mp4", "/abs/c.mp4"]


def test_a_table_lists_each_video_once(here: Path) -> None:
    (here / "d").mkdir()
    rows = ["# mine", "label,path", "fall,a b.mp4", "other,c.mp4", "fall,a b.mp4"]
    (here / "d" / "clips.CSV").write_text("\r\n".join(rows), encoding="utf-8-sig")
    assert names("@d/clips.CSV") == ["d/a b.mp4", "d/c.mp4"]
    for text, words in (
        ("label\nfall\n", "lacks the column path"),
        ("path,label\n,fall\n", "line 2: the path is empty"),
        ("path,label\n", "names no video"),
    ):
        (here / "x.csv").write_text(text)
        (job,) = expand(["@x.csv"])
        assert words in str(job.error)


@pytest.mark.parametrize("name", ["clips.csv", "all.txt"])
def test_a_list_named_like_a_video_is_told_what_to_write(run, here: Path, name: str) -> None:
    (here / name).write_text("path,label\na.mp4,fall\n")
    result = run("detect", name)
    assert result.exit_code == 3
    assert f"'{name}' is not a video; where it lists videos, write '@{name}'; " in result.stderr
    assert "slipdetect evaluate" in result.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [("@none.txt", "cannot read the list"), ("*.mp4", "matches no file"), ("@empty", "no video")],
)
def test_what_leads_nowhere_is_a_failed_job(here: Path, source: str, words: str) -> None:
    (here / "empty").write_text("# nothing\n")
    (job,) = expand([source])
    assert job.source == source
    assert words in str(job.error)


@pytest.mark.parametrize(
    "name", ["a b.mp4", "#1%20.mp4", "%03d.mp4", "[ab]*.mp4", "@x.mp4", "n\nl.mp4", "ü" * 120]
)
def test_F27_a_file_of_that_very_name_wins(here: Path, name: str) -> None:
    (here / name).write_text("x")
    assert names(name) == [name]


def test_F27_a_leading_dash_needs_two_dashes(run, fake: None, here: Path) -> None:
    (here / "-x.mp4").write_text("fall")
    result = run("detect", "--format", "csv", "--", "-x.mp4")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].startswith("'-x.mp4,1,")


def test_a_list_on_standard_input(run, fake: None, here: Path) -> None:
    (here / "a.mp4").write_text("fall")
    (here / "b.mp4").write_text("none")
    result = run("detect", "-", input="a.mp4\nb.mp4\n")
    assert result.exit_code == 0
    assert "1 with a slip, 1 without" in result.stdout


@pytest.mark.parametrize(
    ("first", "video"),
    [(b"HTTP/1.0 200 OK\r\n", True), (b"--frame\r\n", True), (b"a.mp4\nb.mp4\n", False)],
)
def test_what_comes_in_is_a_cameras_answer_or_names(
    first: bytes, video: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(first)))
    assert video_on_stdin() is video


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        (b"\xef\xbb\xbfa.mp4\r\n", 0, ""),  # as PowerShell writes
        (b"a.mp4\nM\xfcller.mp4\n", 3, "the list standard input line 2 is not UTF-8 text"),
    ],
)
def test_a_list_on_standard_input_is_utf_8(
    run, fake: None, here: Path, given: bytes, code: int, words: str
) -> None:
    (here / "a.mp4").write_text("fall")
    result = run("detect", "-", input=given)
    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "internal error" not in result.stderr
