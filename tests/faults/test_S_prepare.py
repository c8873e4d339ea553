"""Faults of what ``prepare`` reads, by ID: hostile lists of every format, pickles that run code.

In: hostile lists. Out: nothing but assertions.
"""

from __future__ import annotations

import itertools
import os
import pickle
import time
from pathlib import Path

import pytest

from prepare_files import touch
from slipdetect._tables import list_lines
from slipdetect.errors import DataError
from slipdetect.lab.course2020.lists import read_course_list, read_course_lists
from slipdetect.lab.prepare.hmdb51 import read_split_file
from slipdetect.lab.prepare.intervals import read_intervals
from slipdetect.lab.prepare.lists import parse_frame_counts, read_frame_counts
from slipdetect.lab.prepare.ucf101 import read_class_index, read_ucf_list

ESCAPES = [
    "../../etc/x",
    "../data-2/x.mp4",
    "sub/../../x.mp4",
    "/etc/passwd",
    "~/x.mp4",
    "~root/x.mp4",
    "outside.mp4",
    "up/secret.mp4",
    "file:///etc/passwd",
    "http://me:password@host/x.mp4",
    "a\0.mp4",
]
# format -> tail of a line
LISTS = {
    "counted": "\t\t120\t0",
    "gen-1": " 1",
    "test": "",
    "ucf": " 1",
    "hmdb": " 1",
    "times": ",1,2",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links that lead out of it."""
    folder = touch(tmp_path / "data", "Slipping/a.mp4", "a.mp4", "b.mp4")
    touch(tmp_path, "secret.mp4", "data-2/x.mp4")
    (folder / "outside.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "up").symlink_to(tmp_path)
    return folder


def read(root: Path, data: bytes, kind: str) -> int:
    """Read a list of one of the formats; return how many lines said something."""
    file = root.parent / "list.txt"
    file.write_bytes(data)
    return read_file(file, root, kind)


def read_file(file: Path, root: Path, kind: str) -> int:
    if kind == "ucf":
        return len(list(read_ucf_list(file, root)))
    if kind == "hmdb":
        return len(read_split_file(file, root))
    if kind == "times":
        return len(read_intervals(file, root))
    prepared = read_course_lists([("", file)], root)
    return len(prepared.rows) + sum(map(len, prepared.left_out.reasons().values()))


def written(entries: list[str], kind: str) -> bytes:
    head = "path,start,end\n" if kind == "times" else ""
    return (head + "".join(f"{entry}{LISTS[kind]}\n" for entry in entries)).encode()


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("entry", ESCAPES)
def test_S10_an_entry_that_leads_out_is_named_with_its_line(
    root: Path, entry: str, kind: str
) -> None:
    first = "a.mp4" if kind in ("hmdb", "times") else "Slipping/a.mp4"
    line = 3 if kind == "times" else 2
    with pytest.raises(DataError, match=f"line {line}") as caught:
        read(root, written([first, entry], kind), kind)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("kind", LISTS)
def test_S10_byte_order_mark_windows_lines_comments_and_blank_lines(root: Path, kind: str) -> None:
    entries = ["a.mp4", "b.mp4"] if kind in ("hmdb", "times") else ["Slipping/a.mp4", "Slipping/b"]
    data = written(entries, kind).replace(b"\n", b"\r\n\r\n# ../../etc/x\r\n")
    assert read(root, b"\xef\xbb\xbf" + data, kind) == 2


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty|no row|names no"),
        (b"# nothing\n", "empty|no row|names no|lacks"),
        (b"\xff\xfe\x00", "line 1 is not UTF-8"),
        (b"x" * 1_000_000, "line 1 is too long"),
    ],
)
def test_S10_bytes_that_are_no_list(root: Path, data: bytes, words: str, kind: str) -> None:
    with pytest.raises(DataError, match=words):
        read(root, data, kind)


@pytest.mark.parametrize("kind", LISTS)
def test_S10_a_list_that_is_missing_or_a_folder(root: Path, kind: str) -> None:
    for file in (root / "none.txt", root):
        with pytest.raises(DataError, match="cannot read"):
            read_file(file, root, kind)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Slipping\n", "line 1: 'Slipping' is not a number and the name"),
        ("1 Slipping\n1 Other\n", "line 2: '1 Other' repeats"),
        ("1 Slipping\n2 Slipping\n", "line 2: '2 Slipping' repeats"),
        ("-1 Slipping\n", "line 1"),
        ("9999999999 Slipping\n", "line 1"),
        ("", "is empty"),
    ],
)
def test_S10_class_lists(root: Path, text: str, words: str) -> None:
    file = root.parent / "classInd.txt"
    file.write_text(text)
    with pytest.raises(DataError, match=words):
        read_class_index(file)


def test_S10_a_million_lines_are_streamed(tmp_path: Path) -> None:
    """The first line of a long list is there before the rest is read."""
    file = tmp_path / "list.txt"
    with file.open("w") as stream:
        stream.writelines(f"Slipping/v{i}\t\t100\t0\n" for i in range(1_000_000))
    begin = time.process_time()
    assert next(list_lines(file))[1] == "Slipping/v0\t\t100\t0"
    assert next(read_course_list(file)).frames == 100
    assert time.process_time() - begin < 0.5


class Runs:
    """A pickle of it runs a command when it is loaded."""

    def __init__(self, how: str, mark: Path) -> None:
        self.how, self.mark = how, mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (os.system if self.how == "system" else eval), (f"touch {self.mark}",)


@pytest.mark.parametrize("how", ["system", "eval"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_S10_a_pickle_that_runs_code_is_refused_unrun(
    tmp_path: Path, how: str, protocol: int
) -> None:
    mark, file = tmp_path / "ran", tmp_path / "frame_count.pickle"
    for content in (
        Runs(how, mark),
        {"a.mp4": Runs(how, mark)},
        {"a.mp4": 3, "b": [Runs(how, mark)]},
    ):
        file.write_bytes(pickle.dumps(content, protocol))
        with pytest.raises(DataError, match="which could run code; nothing of it was run"):
            read_frame_counts(file)
    assert not mark.exists()


@pytest.mark.parametrize(
    "content",
    [3, "a", {"a": "3"}, {"a": 0}, {"a": -1}, {"a": True}, {"a": 10**10}, {3: 3}, {"a": {"b": 3}}],
)
def test_S10_a_pickle_of_something_else(tmp_path: Path, content: object) -> None:
    file = tmp_path / "frame_count.pickle"
    file.write_bytes(pickle.dumps(content))
    with pytest.raises(DataError):
        read_frame_counts(file)


def test_S10_damaged_pickles() -> None:
    """Every beginning of a good one, every single damaged byte: an error or a plain dict."""
    good = pickle.dumps({"v_a.mp4": 12, "v_b.mp4": 70_000}, 4)
    damaged = [good[:end] for end in range(len(good))]
    for at, value in itertools.product(range(len(good)), range(256)):
        damaged.append(good[:at] + bytes([value]) + good[at + 1 :])
    read_anyway = 0
    for data in damaged:
        try:
            counts = parse_frame_counts(data, "it")
        except DataError:
            continue
        read_anyway += 1
        assert all(isinstance(k, str) and isinstance(v, int) for k, v in counts.items())
    assert 0 < read_anyway < len(damaged) / 2


def test_S10_pickles_that_want_memory_or_time(tmp_path: Path) -> None:
    file = tmp_path / "frame_count.pickle"
    bombs = {
        "memo": b"}r\xff\xff\xff\xff.",
        "text": b"\x8d" + (2**60).to_bytes(8, "little") + b"x.",
        "digits": b"L" + b"9" * 10_000 + b"L\n.",
        "items": b"}(" + b"K\x01" * 200_000 + b"u.",
        "marks": b"(" * 200_000 + b".",
        "unending": b"}" * 200_000,
    }
    begin = time.process_time()
    for data in bombs.values():
        file.write_bytes(data)
        with pytest.raises(DataError):
            read_frame_counts(file)
    assert time.process_time() - begin < 10
    file.write_bytes(bytes(17 << 20))
    with pytest.raises(DataError, match="larger than 16 MiB"):
        read_frame_counts(file)
