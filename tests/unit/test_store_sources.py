"""What a user names for extraction: files, folders, patterns, lists of every known form.

In: names and list files. Out: nothing but assertions.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipdetect.cli.sources import expand
from slipdetect.errors import DataError, VideoError
from slipdetect.lab.extract.sources import resolve_sources


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def touch(here: Path) -> Callable[..., None]:
    def make(*names: str) -> None:
        for name in names:
            path = here / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("x")

    return make


def names(*sources: str, root: Path | None = None) -> list[str]:
    return [path.as_posix() for path in resolve_sources(sources, root)]


def write(path: str, lines: Iterable[str]) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_files_folders_and_patterns_in_the_order_named(touch: Callable[..., None]) -> None:
    touch("d/b.mp4", "d/a.avi", "d/e/c.mkv", "d/notes.txt", "d/.part.mp4", "f/1.mp4", "f/2.mp4")
    assert names("f/2.mp4", "d") == ["f/2.mp4", "d/a.avi", "d/b.mp4", "d/e/c.mkv"]
    assert names("f/*.mp4", "d/*.avi") == ["f/1.mp4", "f/2.mp4", "d/a.avi"]


@pytest.mark.parametrize("source", ["d", "d/*.mp4", "d/a.avi", "none.mp4", "@l.txt", "@d"])
def test_a_source_means_what_it_means_to_detect(source: str, touch: Callable[..., None]) -> None:
    touch("d/b.mp4", "d/a.avi", "d/e/c.mkv")
    write("l.txt", ["d/b.mp4", "# not this", "d/e/c.mkv"])
    (job, *more) = expand([source])
    if job.error is not None:
        with pytest.raises(type(job.error)):
            names(source)
        return
    assert names(source) == [Path(each.source).as_posix() for each in (job, *more)]


def test_a_missing_file_is_left_to_the_reader() -> None:
    assert names("none.mp4") == ["none.mp4"]


def test_each_file_is_yielded_once_whatever_it_is_called(
    here: Path, touch: Callable[..., None]
) -> None:
    touch("d/a.mp4", "d/b.mp4")
    (here / "link.mp4").symlink_to(here / "d" / "a.mp4")
    listed = write("l.txt", ["d/b.mp4", "d/../d/a.mp4", "./d/b.mp4", str(here / "d" / "b.mp4")])
    assert names("d/a.mp4", f"@{listed}", "d", "link.mp4", "./d/a.mp4") == ["d/a.mp4", "d/b.mp4"]


@pytest.mark.parametrize("suffix", [".txt", ".lst", ".TXT"])
def test_a_plain_list_holds_one_path_a_line(suffix: str) -> None:
    listed = write(
        f"lists/l{suffix}", ["a.mp4", "  b c  d.mp4 ", "", "# no", "sub/é.avi", "e#1.mp4"]
    )
    expected = ["lists/a.mp4", "lists/b c  d.mp4", "lists/sub/é.avi", "lists/e#1.mp4"]
    assert names(f"@{listed}") == expected


def test_root_replaces_the_folder_of_the_list(here: Path) -> None:
    listed = write("lists/l.txt", ["a.mp4", str(here / "data" / "b.mp4")])
    expected = [str(here / "data" / name) for name in ("a.mp4", "b.mp4")]
    assert names(f"@{listed}", root=here / "data") == expected
    assert names("c.mp4", root=here / "data") == ["c.mp4"]  # not a line of a list


def test_the_seeds_list_of_frames_leads_to_videos(touch: Callable[..., None]) -> None:
    touch(
        "Slipping/v_Slipping_g01_c01.mp4",  # where the line says
        "v_Slipping_g02_c01.avi",  # the class folder dropped
        "NotSlipping/v_NotSlipping_g03_c02.MOV",
        "Slipping/v_Slipping_g05_c01.mkv",
    )
    listed = write(
        "train.txt",
        [
            "Slipping/v_Slipping_g01_c01\t\t120\t0",
            "Slipping/v_Slipping_g02_c01\t\t96\t0",
            "NotSlipping/v_NotSlipping_g03_c02 308 1",
            "NotSlipping/v_NotSlipping_g04_c01\t\t23\t1",
            "Slipping/v_Slipping_g05_c01.mkv 88 0",
        ],
    )
    assert names(f"@{listed}") == [
        "Slipping/v_Slipping_g01_c01.mp4",
        "v_Slipping_g02_c01.avi",
        "NotSlipping/v_NotSlipping_g03_c02.MOV",
        "NotSlipping/v_NotSlipping_g04_c01",  # as written: the reader says that it is missing
        "Slipping/v_Slipping_g05_c01.mkv",
    ]


def test_a_frame_folder_of_the_same_name_is_not_taken_for_the_video(
    here: Path, touch: Callable[..., None]
) -> None:
    touch("Slipping/v_1.mp4")
    (here / "Slipping" / "v_1").mkdir()
    assert names("@" + write("l.txt", ["Slipping/v_1\t\t120\t0"])) == ["Slipping/v_1.mp4"]


def test_ucf_lists_with_and_without_label() -> None:
    lines = ["Slipping/v_x_g01_c01.mp4 1", "Not Slipping/v y.mp4 2", "Slipping/v_z.avi"]
    expected = ["Slipping/v_x_g01_c01.mp4", "Not Slipping/v y.mp4", "Slipping/v_z.avi"]
    assert names("@" + write("trainlist01.txt", lines)) == expected


def test_a_file_of_the_whole_line_wins_over_its_numbers(touch: Callable[..., None]) -> None:
    touch("take 1", "take 1 2")
    assert names("@" + write("l.txt", ["take 1", "take 1 2", "take 3"])) == [
        "take 1",
        "take 1 2",
        "take",
    ]


def test_numbers_inside_a_name_stay() -> None:
    lines = ["fall 2 1.mp4", "2024 06 01 clip.mp4", "7.mp4", "12"]
    assert names("@" + write("l.txt", lines)) == lines


def test_a_csv_is_read_by_its_path_column() -> None:
    lines = [
        "# made by hand",
        "",
        "label, path ,note",
        'slip,"a, b.mp4","two',
        'lines"',
        "other,c.mp4,",
        ",,",
        "# slip,no.mp4,",
        "slip,a b 1.mp4,listed twice",
        "slip,a b 1.mp4,listed twice",
    ]
    expected = ["d/a, b.mp4", "d/c.mp4", "d/a b 1.mp4"]
    assert names("@" + write("d/clips.csv", lines)) == expected


def test_the_projects_own_annotations_are_a_list(clips: Path) -> None:
    found = list(resolve_sources([f"@{clips / 'clips.csv'}"]))
    assert len(found) > 100
    assert all(path.is_file() for path in found)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["label,file", "slip,a.mp4"], "lacks the column path"),
        (["path,label"], "names no video"),
        (["path,label", ",slip"], "line 2: the path is empty"),
        (["label,path", "slip"], "line 2: the path is empty"),
        (["path", "a.mp4", f'"{"x" * 140_000}"'], "line 3"),
        (["path", "a.mp4", "\n".join(["b.mp4", '"' + "x\n" * 70_000 + '"'])], "is not CSV"),
    ],
)
def test_a_csv_that_makes_no_sense(lines: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        names("@" + write("clips.csv", lines))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("@none.txt", DataError, "cannot read the list 'none.txt'"),
        ("@none", DataError, "cannot read the list 'none'"),
        ("@empty.txt", DataError, "names no video"),
        ("empty.txt", VideoError, "is not a video; where it lists videos, write '@empty.txt'"),
        ("clips.CSV", VideoError, "is not a video; where it lists videos, write '@clips.CSV'"),
        ("*.mp4", VideoError, "matches no file"),
        ("folder", VideoError, "holds no video"),
        ("", VideoError, "no video was named"),
        ("a\0.mp4", VideoError, "NUL"),
        ("rtsp://me:secret@host/1", VideoError, "a rtsp:// address is a live source, not a file"),
    ],
)
def test_what_leads_nowhere_is_said(
    here: Path, source: str, error: type[Exception], words: str
) -> None:
    (here / "folder").mkdir()
    write("empty.txt", ["# nothing", ""])
    with pytest.raises(error, match=words.replace("(", r"\(")) as caught:
        names(source)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_at_means_a_list_of_any_suffix(touch: Callable[..., None]) -> None:
    write("d/videos", ["a.mp4"])
    assert names("@d/videos") == ["d/a.mp4"]
    touch("@x.mp4")
    assert names("@x.mp4") == ["@x.mp4"]


def test_a_dash_means_a_list_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.BytesIO(b"a.mp4\nsub/b.mp4 1\n")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=stream))
    assert names("-") == ["a.mp4", "sub/b.mp4"]


@pytest.mark.parametrize(
    "name",
    ["a b.mp4", "#1%20.mp4", "%03d.mp4", "[ab]*.mp4", "@x.mp4", "n\nl.mp4", "ü" * 120, "-x.mp4"],
)
def test_F27_a_file_of_that_very_name_wins(touch: Callable[..., None], name: str) -> None:
    touch(name)
    assert names(name) == [name]


@pytest.mark.parametrize("name", ["x" * 300 + ".mp4", "x" * 5000, "y/" * 3000 + "a.mp4"])
def test_F27_names_that_are_too_long_are_left_to_the_reader(name: str) -> None:
    assert names(name) == [name]
    assert names("@" + write("l.txt", [name])) == [name]
    assert names("@" + write("l.txt", [f"{name} 12 1"])) == [name]


def test_F28_loops_of_links_end(here: Path, touch: Callable[..., None]) -> None:
    touch("d/a.mp4")
    (here / "d" / "again").symlink_to(here / "d")
    (here / "d" / "loop.mp4").symlink_to(here / "d" / "loop.mp4")
    assert names("d") == ["d/a.mp4"]
    assert (
        names("@" + write("d/l.txt", ["again/again/a.mp4", "loop.mp4"]))[0] == "d/again/again/a.mp4"
    )
