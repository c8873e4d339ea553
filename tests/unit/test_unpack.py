"""Archives of every kind, honest, damaged and hostile.

In: small zip and tar files. Out: nothing but assertions.
"""

from __future__ import annotations

import gzip
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archive_files import FILES, contents, files_in, pack
from loopback import DATA, sha
from slipdetect.errors import DataError, OutputError, SlipdetectError
from slipdetect.lab.fetch import archives
from slipdetect.lab.fetch.fetch import fetch

KINDS = [".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".ZIP"]


def refusal(source: str, folder: Path, error: type[SlipdetectError] = DataError) -> str:
    with pytest.raises(error) as caught:
        fetch(source, folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", KINDS)
def test_archives_are_unpacked_once(tmp_path: Path, kind: str) -> None:
    archive = pack(tmp_path / f"v.1{kind}")
    folder = fetch(str(archive), tmp_path / "c")
    assert folder == tmp_path / "c" / "v.1"
    assert contents(folder) == FILES
    assert (folder / "videos" / "a.mp4").stat().st_mode & 0o400
    (folder / "videos" / "a.mp4").write_text("touched")
    assert fetch(f"{archive}#sha256={sha(archive.read_bytes())}", tmp_path / "c") == folder
    assert (folder / "videos" / "a.mp4").read_text() == "touched"
    assert sorted(path.name for path in (tmp_path / "c").iterdir()) == ["v.1"]


@pytest.mark.parametrize("flag", [0, 0x800])
def test_umlauts_in_a_zip_stay_whether_it_says_utf8_or_not(tmp_path: Path, flag: int) -> None:
    archive = tmp_path / "v.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("M\u00fcll.mp4", b"x")
    packed = archive.read_bytes()
    name = "M\u00fcll.mp4".encode()
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = packed.index(signature) + offset
        packed = packed[:at] + flag.to_bytes(2, "little") + packed[at + 2 :]
    assert packed.count(name) == 2
    archive.write_bytes(packed)
    folder = fetch(str(archive), tmp_path / "c")
    assert [path.name for path in folder.glob("*.mp4")] == ["M\u00fcll.mp4"]


def test_a_changed_archive_does_not_replace_the_folder(tmp_path: Path) -> None:
    archive = pack(tmp_path / "v.zip")
    fetch(str(archive), tmp_path / "c")
    pack(archive, {"d.mp4": b"d"})
    assert "something else" in refusal(str(archive), tmp_path / "c", OutputError)
    assert contents(tmp_path / "c" / "v") == FILES


def test_a_checkpoint_named_tar_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "best.pth.tar").write_bytes(DATA)
    assert fetch(str(tmp_path / "best.pth.tar"), tmp_path / "c") == tmp_path / "best.pth.tar"


EVIL = [
    *("../x.mp4", "a/../../x.mp4", "/etc/x.mp4", "//x.mp4", "..\\x.mp4", "\\x.mp4", "C:\\x.mp4"),
    *("C:x.mp4", "a/..", "..", ".", "./", "x" * 300, "a/" * 3000 + "x.mp4"),
]


@pytest.mark.parametrize(
    ("name", "kind"),
    # a name that ends with a slash is a folder in a zip, and folders are not made of names
    [(name, kind) for name in EVIL for kind in (".zip", ".tar") if (name, kind) != ("./", ".zip")],
)
def test_names_that_lead_out_are_refused_and_nothing_stays(
    tmp_path: Path, name: str, kind: str
) -> None:
    archive = pack(tmp_path / f"v{kind}", {"a.mp4": b"a", name: b"x"})
    message = refusal(str(archive), tmp_path / "c" / "d")
    assert name[:5].replace("\\", "\\\\") in message
    assert files_in(tmp_path / "c") == ["d"]
    assert len(message) < 500


@pytest.mark.parametrize(
    "files", [{"a": b"1", "a/b": b"2"}, {"a/b": b"1", "a": b"2"}, {"a": b"1", "./a": b"2"}]
)
@pytest.mark.parametrize("kind", [".zip", ".tar"])
def test_files_in_each_others_way_are_refused(
    tmp_path: Path, files: dict[str, bytes], kind: str
) -> None:
    archive = pack(tmp_path / f"v{kind}", files)
    assert "next to the rest" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
)
@pytest.mark.parametrize("target", ["/etc", "../..", "a.mp4"])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes, target: str) -> None:
    archive = pack(tmp_path / "v.tar")
    with tarfile.open(archive, "a") as tarred:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = kind, target
        tarred.addfile(info)
        tarred.addfile(tarfile.TarInfo("link/x.mp4"))
    assert "link or device" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, mode: int) -> None:
    archive = tmp_path / "v.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        info = zipfile.ZipInfo("link")
        info.external_attr = (mode | 0o777) << 16
        zipped.writestr(info, "/etc")
    assert "link or device" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


@pytest.mark.parametrize("kind", [".zip", ".tar.gz", ".tar.bz2", ".tar.xz"])
def test_a_bomb_is_refused_when_it_has_unpacked_too_much(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 1000)
    archive = pack(tmp_path / f"v{kind}", {f"{i}.mp4": bytes(1_000_000) for i in range(20)})
    assert archive.stat().st_size * archives.MAX_RATIO < 20_000_000
    assert "more than 100 times its size" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


def test_a_zip_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The size in the headers is 10, the data unpack to a million bytes."""
    archive = pack(tmp_path / "v.zip", {"a.mp4": bytes(1_000_000)})
    data = archive.read_bytes().replace(struct.pack("<I", 1_000_000), struct.pack("<I", 10))
    archive.write_bytes(data)
    assert "cannot be unpacked" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


def test_a_tar_whose_header_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 33
    (tmp_path / "v.tar.gz").write_bytes(
        gzip.compress(info.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 20))
    )
    assert "a header of" in refusal(str(tmp_path / "v.tar.gz"), tmp_path / "c")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_FILES", 3)
    archive = pack(tmp_path / "v.zip", {f"{i}.mp4": b"" for i in range(3)})
    assert fetch(str(archive), tmp_path / "c").is_dir()
    archive = pack(tmp_path / "w.zip", {f"{i}.mp4": b"" for i in range(4)})
    assert "more than 3 files" in refusal(str(archive), tmp_path / "c")


def test_an_archive_without_files(tmp_path: Path) -> None:
    for kind in (".zip", ".tar"):
        archive = pack(tmp_path / f"v{kind}", {})
        assert "holds no files" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


def test_an_encrypted_zip_is_said_to_be(tmp_path: Path) -> None:
    archive = pack(tmp_path / "v.zip", {"a.mp4": b"a"})
    data = bytearray(archive.read_bytes())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert "is encrypted" in refusal(str(archive), tmp_path / "c")


@pytest.mark.parametrize("kind", [".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("fault", ["cut", "garbage", "empty", "flipped", "end"])
def test_damaged_archives_unpack_to_nothing(tmp_path: Path, kind: str, fault: str) -> None:
    rng = np.random.default_rng(1)
    noise = {f"{i}.mp4": rng.integers(0, 256, 3000, np.uint8).tobytes() for i in range(4)}
    archive = pack(tmp_path / f"v{kind}", noise)
    data = bytearray(archive.read_bytes())
    if fault == "cut":
        data = data[: len(data) // 2]
    elif fault == "garbage":
        data = bytearray(rng.integers(0, 256, 20_000, np.uint8).tobytes())
    elif fault == "empty":
        data = bytearray()
    elif fault == "end":  # whole members, but the last ones are gone
        data = data[: 512 + 2 * 3584] if kind == ".tar" else data[:-30]
    elif kind == ".tar":
        data[512 + 3584 + 100] ^= 0xFF  # the header of the second file
    else:
        data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    assert "cannot be unpacked" in refusal(str(archive), tmp_path / "c")
    assert files_in(tmp_path / "c") == []


def test_two_processes_that_unpack_the_same_leave_one_whole_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = pack(tmp_path / "v.zip")
    digest = sha(archive.read_bytes())
    (tmp_path / "c").mkdir()
    other = archives.unpack
    inner = archives.open_archive

    def meanwhile(path: Path) -> object:
        monkeypatch.setattr(archives, "open_archive", inner)
        other(archive, tmp_path / "c" / "v", digest)
        return inner(path)

    monkeypatch.setattr(archives, "open_archive", meanwhile)
    assert contents(fetch(str(archive), tmp_path / "c")) == FILES
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["v"]
