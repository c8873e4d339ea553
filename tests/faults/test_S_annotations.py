"""Fault S10 on the project's own CSVs: annotation files and lists of cuts.

In: hostile rows. Out: an error of one line that names the row, or clips.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from prepare_files import touch
from slipdetect.errors import DataError
from slipdetect.lab.data import read_annotations
from slipdetect.lab.prepare.cut_list import read_cuts

Reader = Callable[[Path, Path], Sequence[object]]

READERS: dict[str, tuple[Reader, str, str]] = {
    "clips": (read_annotations, "path,label\n", ",slip"),
    "cuts": (read_cuts, "path,start,end\n", ",1,2"),
}
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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with links that lead out of it."""
    folder = touch(tmp_path / "data", "a.mp4", "b.mp4")
    touch(tmp_path, "secret.mp4", "data-2/x.mp4")
    (folder / "outside.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "up").symlink_to(tmp_path)
    return folder


def read(root: Path, kind: str, entries: Sequence[str], before: str = "") -> Sequence[object]:
    reader, head, tail = READERS[kind]
    file = root.parent / "list.csv"
    text = before + head + "".join(f"{entry}{tail}\n" for entry in entries)
    file.write_bytes(text.encode())
    return reader(file, root)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("entry", ESCAPES)
def test_S10_an_entry_that_leads_out_is_named_with_its_line(
    root: Path, kind: str, entry: str
) -> None:
    with pytest.raises(DataError, match="line 3") as caught:
        read(root, kind, ["a.mp4", entry])
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("kind", READERS)
def test_S10_byte_order_mark_and_windows_lines(root: Path, kind: str) -> None:
    assert len(read(root, kind, ["a.mp4", "b.mp4"], before="\ufeff")) == 2
    reader, head, tail = READERS[kind]
    file = root.parent / "windows.csv"
    file.write_bytes(f"{head}a.mp4{tail}\n\nb.mp4{tail}\n".replace("\n", "\r\n").encode())
    assert len(reader(file, root)) == 2


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"path\n", b"x" * 1_000_000])
def test_S10_bytes_that_are_no_list(root: Path, kind: str, content: bytes) -> None:
    file = root.parent / "list.csv"
    file.write_bytes(content)
    with pytest.raises(DataError) as caught:
        READERS[kind][0](file, root)
    assert "list.csv" in str(caught.value)
    assert "\n" not in str(caught.value)
    # a file that is no list is not repeated whole
    assert len(str(caught.value)) < 600
