"""Reading zip and tar archives that strangers made.

In: an archive. Out: the names and contents of its files; links, devices and damage are refused.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from slipdetect.errors import DataError

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_SUFFIXES = (".rar", ".7z", ".tar.zst", ".tzst", ".gz", ".bz2", ".xz", ".zst")
_LONGEST_HEADER = 8 << 20
_SAYS_UTF8 = 0x800  # a bit of a zip member's flags
_MOST_PADDING = 64 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)

Member = tuple[str, IO[bytes]]


def archive_stem(name: str) -> str | None:
    """Return the name of an archive without its suffix, or None for any other file.

    Raises:
        DataError: It is an archive of a kind that is not unpacked.
    """
    lower = name.lower()
    if lower.endswith(".pth.tar"):  # a habit of naming PyTorch checkpoints, no archive
        return None
    for suffix in (".zip", *_TAR_SUFFIXES):
        if lower.endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    if lower.endswith(_OTHER_SUFFIXES):
        raise DataError(f"{name!r} is not unpacked here; unpack it yourself, or pack it as .zip")
    return None


@contextmanager
def open_archive(archive: Path) -> Iterator[Iterator[Member]]:
    """Open an archive, chosen by its suffix, as the names and contents of its files.

    Names are as they stand in the archive, not to be trusted.

    Raises:
        DataError: It is damaged or encrypted, or holds a link or device; also while it is read.
    """
    try:
        if archive.name.lower().endswith(".zip"):
            with zipfile.ZipFile(archive) as zipped:
                yield _zip_members(zipped, archive)
            return
        with _decompressed(archive) as stream:
            guarded: Any = _ShortReads(stream)
            with tarfile.open(fileobj=guarded, mode="r:") as tarred:
                yield _tar_members(tarred, archive)
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise DataError(
            f"{str(archive)!r} cannot be unpacked: {reason}; fetch or pack it again"
        ) from error


def _zip_members(zipped: zipfile.ZipFile, archive: Path) -> Iterator[Member]:
    for info in zipped.infolist():
        if info.is_dir():
            continue
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise _no_file(archive, info.filename)
        if info.flag_bits & 1:
            raise DataError(f"{str(archive)!r} is encrypted; unpack it yourself")
        yield _zip_name(info), zipped.open(info)


def _zip_name(info: zipfile.ZipInfo) -> str:
    """Return a member's name; many packers write UTF-8 and do not say so."""
    if info.flag_bits & _SAYS_UTF8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _tar_members(tarred: tarfile.TarFile, archive: Path) -> Iterator[Member]:
    for info in tarred:
        if info.isdir():
            continue
        content = tarred.extractfile(info) if info.isreg() else None
        if content is None:
            raise _no_file(archive, info.name)
        yield info.name, content
    _check_end(tarred)


def _check_end(tarred: tarfile.TarFile) -> None:
    """Make sure that all was read: tarfile takes a damaged header for the end.

    What follows the end is read too, because the checksum of a packed stream is behind it.
    """
    stream: Any = tarred.fileobj
    stream.seek(tarred.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("its end is missing")
    for _ in range(_MOST_PADDING // _LONGEST_HEADER):
        if not stream.read(_LONGEST_HEADER):
            return
    raise tarfile.ReadError("too much follows its end")


def _no_file(archive: Path, name: str) -> DataError:
    return DataError(
        f"{str(archive)!r} holds {name[:80]!r}, which is a link or device; pack files only"
    )


def _decompressed(archive: Path) -> BinaryIO:
    with archive.open("rb") as file:
        start = file.read(6)
    opener: Any = Path.open
    for magic, other in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open)):
        opener = other if start.startswith(magic) else opener
    stream: BinaryIO = opener(archive, "rb")
    return stream


class _ShortReads:
    """A stream that is never read in one huge piece, as headers of a hostile tar ask for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._stream.read(size)
