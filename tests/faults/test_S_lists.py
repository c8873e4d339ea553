"""Faults of list files, by ID: entries that lead out, odd bytes, a million lines.

In: hostile lists. Out: nothing but assertions.
"""

from __future__ import annotations

import gc
import itertools
import tracemalloc
from pathlib import Path

import pytest

from slipdetect.errors import DataError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.extract.sources import resolve_sources


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links inside it, out of it and around it."""
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "data-2").mkdir()
    (tmp_path / "secret.mp4").write_text("x")
    (folder / "a.mp4").write_text("x")
    (folder / "inside.mp4").symlink_to(folder / "a.mp4")
    (folder / "outside.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "up").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(folder)
    return folder


ESCAPES = [
    "../../etc/x",
    "..",
    ".",
    "../data-2/x.mp4",
    "sub/../../x.mp4",
    "/etc/passwd",
    "//etc/passwd",
    "~",
    "~/x.mp4",
    "~root/x.mp4",
    "outside.mp4",
    "up/secret.mp4",
    "up/data-2/x.mp4",
    "sub/../up/secret.mp4",
    "file:///etc/passwd",
    "http://me:password@host/x.mp4",
    "a\0.mp4",
]
INSIDE = ["a.mp4", "inside.mp4", "./a.mp4", "sub/../a.mp4", "../data/a.mp4", "up/data/a.mp4"]


def read_list(root: Path, entries: list[str], kind: str) -> list[Path]:
    """Write ``entries`` as a list of one of four kinds beside ``root`` and read it."""
    if kind == "annotations":
        file = root.parent / "clips.csv"
        file.write_text("path,label\n" + "".join(f"{entry},other\n" for entry in entries))
        return [clip.path for clip in read_annotations(file, root)]
    head, ending = ("path\n", ".csv") if kind == "csv" else ("# list\n", ".txt")
    tail = "\t\t120\t0" if kind == "counted" else ""
    file = root.parent / f"list{ending}"
    file.write_text(head + "".join(f"{entry}{tail}\n" for entry in entries))
    return list(resolve_sources([f"@{file}"], root))


KINDS = ["plain", "counted", "csv", "annotations"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("entry", ESCAPES)
def test_S10_an_entry_that_leads_out_is_named_with_its_line(
    root: Path, entry: str, kind: str
) -> None:
    with pytest.raises(DataError, match="line 3") as caught:
        read_list(root, ["a.mp4", entry], kind)
    message = str(caught.value)
    assert caught.value.exit_code == 3
    assert "\n" not in message
    assert "password@" not in message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("entry", INSIDE)
def test_S10_an_entry_that_stays_inside_is_read(root: Path, entry: str, kind: str) -> None:
    (path,) = read_list(root, [entry], kind)
    assert path.samefile(root / "a.mp4")
    assert path == root / entry


@pytest.mark.parametrize("kind", KINDS)
def test_S10_absolute_paths_under_the_root_are_fine(root: Path, kind: str) -> None:
    (path,) = read_list(root, [str(root / "a.mp4")], kind)
    assert path == root / "a.mp4"
    through_a_link = root.parent / "alias" / "a.mp4"
    assert read_list(root, [str(through_a_link)], kind) == [through_a_link]


@pytest.mark.parametrize("kind", KINDS)
def test_S10_the_root_may_be_a_link_or_relative(
    root: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = read_list(root.parent / "alias", ["a.mp4"], kind)
    assert path.samefile(root / "a.mp4")
    monkeypatch.chdir(root.parent)
    assert read_list(Path("data"), ["a.mp4"], kind) == [Path("data/a.mp4")]


def test_S10_everything_is_inside_the_root_folder_of_the_system(root: Path) -> None:
    (path,) = read_list(Path("/"), [str(root / "a.mp4")], "plain")
    assert path == root / "a.mp4"


def test_S10_the_lists_own_folder_is_the_default_root(root: Path) -> None:
    file = root / "list.txt"
    file.write_text("a.mp4\n../secret.mp4\n")
    found = resolve_sources([f"@{file}"])
    assert next(found) == root / "a.mp4"
    with pytest.raises(DataError, match=r"line 2: '\.\./secret\.mp4' leads out"):
        next(found)


def test_S10_a_name_that_begins_with_a_tilde_can_be_listed(root: Path) -> None:
    (root / "~x.mp4").write_text("x")
    (path,) = read_list(root, ["./~x.mp4"], "plain")
    assert path.is_file()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("last", ["", "end"])
def test_S10_byte_order_mark_windows_lines_comments_and_blank_lines(
    root: Path, end: str, encoding: str, last: str
) -> None:
    lines = ["a.mp4", "# ../../etc/x", "", "   ", "  # also", "ü b.mp4"]
    text = end.join(lines) + (end if last else "")
    (root / "l.txt").write_bytes(text.encode(encoding))
    assert [path.name for path in resolve_sources([f"@{root}/l.txt"])] == ["a.mp4", "ü b.mp4"]
    (root / "l.csv").write_bytes(("path" + end + text).encode(encoding))
    assert [path.name for path in resolve_sources([f"@{root}/l.csv"])] == ["a.mp4", "ü b.mp4"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a.mp4\nb\xe4.mp4\n", "line 2 is not UTF-8"),
        ("a.mp4\n".encode("utf-16"), "line 1 is not UTF-8"),
        (b"a.mp4\n" + b"x" * 1_000_000, "line 2 is too long"),
        (b"a.mp4\n" + b"\0" * 100, "line 2: the path holds a NUL"),
    ],
)
@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_S10_bytes_that_are_no_list_are_named_with_their_line(
    root: Path, data: bytes, words: str, suffix: str
) -> None:
    file = root / f"l{suffix}"
    if suffix == ".csv":
        data = data.replace(b"a.mp4", b"path") if b"a.mp4" in data else data
    file.write_bytes(data)
    with pytest.raises(DataError, match=words):
        list(resolve_sources([f"@{file}"]))


def write_lines(file: Path, count: int) -> None:
    with file.open("w") as stream:
        if file.suffix == ".csv":
            stream.write("path,label\n")
        tail = ",slip" if file.suffix == ".csv" else ""
        stream.writelines(f"class {i % 50}/video {i:07d}.mp4{tail}\n" for i in range(count))


@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_S10_a_million_lines_are_not_read_before_the_first_is_used(
    tmp_path: Path, suffix: str
) -> None:
    file = tmp_path / f"l{suffix}"
    write_lines(file, 1_000_000)
    tracemalloc.start()
    first = list(itertools.islice(resolve_sources([f"@{file}"]), 1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert first[-1] == tmp_path / "class 49" / "video 0000999.mp4"
    assert peak < 1_000_000 < file.stat().st_size / 20


def test_S10_memory_hardly_grows_with_the_lines(tmp_path: Path) -> None:
    """Of a line that is done only sixteen bytes stay, to know its repeats."""
    file = tmp_path / "l.txt"
    write_lines(file, 4_000)
    found = resolve_sources([f"@{file}"])
    assert sum(1 for _ in itertools.islice(found, 1_000)) == 1_000
    tracemalloc.start()
    assert sum(1 for _ in itertools.islice(found, 2_999)) == 2_999
    gc.collect()
    blocks = len(tracemalloc.take_snapshot().traces)
    tracemalloc.stop()
    # one digest a line; its path would be six blocks and 350 bytes
    assert 2_999 <= blocks < 3_300


@pytest.mark.slow
def test_S10_a_million_lines_are_read_to_the_end(tmp_path: Path) -> None:
    file = tmp_path / "l.txt"
    write_lines(file, 1_000_000)
    assert sum(1 for _ in resolve_sources([f"@{file}"])) == 1_000_000
