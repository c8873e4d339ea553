"""Atomic writing: the old content or the new, never a half, and one kind of error.

In: targets in a temporary folder. Out: what is on disk afterwards.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from slipdetect import _io
from slipdetect._io import (
    ARRAY_DAMAGE,
    atomic_write,
    check_writable,
    exists,
    file_sha256,
    publish_folder,
    staging_folder,
    write_text,
)
from slipdetect.errors import OutputError

_KILLED = """
import sys, time
from pathlib import Path
from slipdetect._io import atomic_write
with atomic_write(Path(sys.argv[1]), overwrite=True) as temporary:
    with temporary.open("w") as stream:
        stream.write("half")
        stream.flush()
        print("writing", flush=True)
        time.sleep(60)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def write(target: Path, fail: BaseException | None = None) -> None:
    with atomic_write(target, overwrite=True) as temporary:
        temporary.write_text("half")
        if fail is not None:
            raise fail


def test_a_block_that_succeeds_publishes_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "result.json"
    with atomic_write(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".json"
        assert not target.exists()
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert names(tmp_path) == ["result.json"]


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_write(tmp_path / "a.txt") as temporary:
            temporary.write_text("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_the_umask_is_what_it_was_whatever_threads_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.umask

    def slow(mask: int) -> int:
        before = real(mask)
        time.sleep(0.001)
        return before

    mine = real(0o022)
    monkeypatch.setattr(os, "umask", slow)
    try:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda n: write_text(tmp_path / f"{n}", "x"), range(40)))
    finally:
        left = real(mine)
    assert left == 0o022
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {0o644}


@pytest.mark.parametrize("name", ["a" * 300, "a\0b"])
def test_what_cannot_be_a_name_is_not_there(name: str, tmp_path: Path) -> None:
    assert not exists(tmp_path / name)
    assert exists(tmp_path)


def test_an_error_in_the_block_keeps_the_old_content(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(KeyError):
        write(target, KeyError("x"))
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_killing_the_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(target)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        process.send_signal(signal.SIGKILL)
    assert target.read_text() == "old"
    with atomic_write(target, overwrite=True) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


def test_existing_files_are_refused_unless_told(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(OutputError, match="overwrite=True"), atomic_write(target):
        pytest.fail("the block must not run")
    assert target.read_text() == "old"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (".", "it is a folder"),
        ("missing/a.txt", "does not exist"),
        ("x" * 300, "too long"),
    ],
)
def test_impossible_targets_are_output_errors_of_one_line(
    tmp_path: Path, name: str, reason: str
) -> None:
    with pytest.raises(OutputError, match=reason) as caught:
        check_writable(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 6


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(OutputError, match="read-only"):
            check_writable(tmp_path / "a.txt")
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.parametrize("moment", ["block", "publish"])
def test_disk_full_is_an_output_error_and_cleans_up(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")
    if moment == "publish":
        monkeypatch.setattr(_io.os, "fsync", full)
    error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) if moment == "block" else None
    with pytest.raises(OutputError, match="No space left"):
        write(target, error)
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_reader_never_sees_a_half(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("0" * 10_000)
    for digit in "123":
        with atomic_write(target, overwrite=True) as temporary, temporary.open("w") as stream:
            for _ in range(10):
                stream.write(digit * 1000)
                stream.flush()
                assert len(set(target.read_text())) == 1
                time.sleep(0)
        assert target.read_text() == digit * 10_000


def test_a_staged_folder_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with staging_folder(target) as temporary:
        (temporary / "half").write_text("x")
    assert names(tmp_path) == []
    umask = os.umask(0o027)
    try:
        with staging_folder(target) as temporary:
            assert temporary.parent == tmp_path
            (temporary / "whole").write_text("x")
            assert not target.exists()
            publish_folder(temporary, target)
    finally:
        os.umask(umask)
    assert (names(tmp_path), names(target)) == (["made"], ["whole"])
    assert stat.S_IMODE(target.stat().st_mode) == 0o750


def test_the_digest_of_a_file_is_the_published_one(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, B.1
    assert file_sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


@pytest.mark.filterwarnings("ignore:Reading `.npy`")
def test_a_damaged_header_of_an_array_raises_nothing_else() -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros(3, np.uint8))
    whole, found = stream.getvalue(), set()
    for place in range(len(whole)):
        for byte in (0, 1, 34, 39, 44, 66, whole[place] ^ 0x55):
            damaged = whole[:place] + bytes([byte]) + whole[place + 1 :]
            try:
                np.load(io.BytesIO(damaged), allow_pickle=False)
            except ARRAY_DAMAGE as error:
                found.add(type(error).__name__)
    assert len(found) > 1
