"""Zip and tar archives that strangers made: read file by file, or unpacked into a new folder.

In: an archive. Out: its files; what would be written elsewhere, damage and bombs are refused.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import lzma
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from slipdetect._io import publish_folder, staging_folder
from slipdetect.errors import DataError, OutputError

MAX_FILES = 2_000_000
MAX_RATIO = 100
FREE_BYTES = 64 << 20

_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_OTHER_SUFFIXES = (".rar", ".7z", ".tar.zst", ".tzst", ".gz", ".bz2", ".xz", ".zst")
_PACKERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open))
_LONGEST_HEADER = 8 << 20
_MOST_PADDING = 64 << 20
_CHUNK = 1 << 20
_SAYS_UTF8 = 0x800  # a bit of a zip member's flags
_MARKER = ".unpacked-from"
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)
# of names that no file can have
_IMPOSSIBLE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)

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


def unpacked_from(folder: Path) -> str | None:
    """Return the SHA-256 of the archive that ``unpack`` made ``folder`` of; None: it did not."""
    try:
        return (folder / _MARKER).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def unpack(archive: Path, folder: Path, digest: str) -> None:
    """Unpack ``archive`` into the new folder ``folder``, all of it or nothing.

    Refused are names that lead out, links, devices, encrypted files, more than 2,000,000 files,
    and more than 64 MiB plus 100 times the size of the archive.

    Args:
        archive: A zip, or a tar that may be packed by gzip, bzip2 or xz.
        folder: Must not exist, its parent must.
        digest: SHA-256 of the archive, for ``unpacked_from``.

    Raises:
        DataError: The archive is damaged or holds what is refused.
        OutputError: The folder exists or cannot be written.
    """
    try:
        with staging_folder(folder) as temporary:
            (temporary / _MARKER).write_text(f"{digest}\n", encoding="ascii")
            _write_all(temporary, archive)
            publish_folder(temporary, folder)
    except OSError as error:
        # another process may have been faster
        if unpacked_from(folder) != digest:
            raise unwritable(folder, error) from error


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


def check_member(name: str, archive: Path) -> None:
    """Refuse the name of a member that would be written outside the folder.

    Raises:
        DataError: It is absolute, of a drive, holds ``..`` or a NUL, or is the folder itself.
    """
    parts = name.replace("\\", "/").split("/")
    absolute = name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) is not None
    if absolute or ".." in parts or "\0" in name or not {*parts} - {"", "."}:
        raise DataError(
            f"{str(archive)!r} holds {name[:80]!r}, which leads out of its folder; do not trust it"
        )


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error of a file or folder that cannot be written."""
    reason = error.strerror or error
    return OutputError(f"cannot write {str(path)!r}: {reason}; make room or choose another folder")


def _write_all(folder: Path, archive: Path) -> None:
    left = FREE_BYTES + MAX_RATIO * archive.stat().st_size
    count = 0
    with open_archive(archive) as members:
        for count, (name, content) in enumerate(members, 1):
            if count > MAX_FILES:
                raise DataError(f"{str(archive)!r} holds more than {MAX_FILES} files; unpack it")
            check_member(name, archive)
            with content:
                left -= _write(folder, name, content, left, archive)
    if count == 0:
        raise DataError(f"{str(archive)!r} holds no files; fetch or pack it again")


def _write(folder: Path, name: str, content: IO[bytes], limit: int, archive: Path) -> int:
    """Write one member and return its bytes, at most ``limit``."""
    path = folder / name.replace("\\", "/")
    size = 0
    with _disk_faults(path, name, archive):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb", buffering=0)
    with file:
        while chunk := content.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise DataError(
                    f"{str(archive)!r} unpacks to more than {MAX_RATIO} times its size, as videos"
                    " do not; unpack it yourself if you trust it"
                )
            with _disk_faults(path, name, archive):
                file.write(chunk)
    return size


@contextmanager
def _disk_faults(path: Path, name: str, archive: Path) -> Iterator[None]:
    """Distinguish faults of the disk from names that no file can have."""
    try:
        yield
    except OSError as error:
        if error.errno in _IMPOSSIBLE:
            raise DataError(
                f"{str(archive)!r} holds {name[:80]!r}, which cannot be written next to the rest:"
                f" {error.strerror}"
            ) from error
        raise unwritable(path, error) from error


def _zip_members(zipped: zipfile.ZipFile, archive: Path) -> Iterator[Member]:
    for info in zipped.infolist():
        if info.is_dir():
            continue
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise no_file(archive, info.filename)
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
            raise no_file(archive, info.name)
        yield info.name, content
    # tarfile takes a damaged header for the end, and a packed stream has its checksum after that
    stream: Any = tarred.fileobj
    stream.seek(tarred.offset)
    if stream.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("its end is missing")
    for _ in range(_MOST_PADDING // _LONGEST_HEADER):
        if not stream.read(_LONGEST_HEADER):
            return
    raise tarfile.ReadError("too much follows its end")


def no_file(archive: Path, name: str) -> DataError:
    """Return the error of a member that is a link or device."""
    return DataError(
        f"{str(archive)!r} holds {name[:80]!r}, which is a link or device; pack files only"
    )


def _decompressed(archive: Path) -> BinaryIO:
    with archive.open("rb") as file:
        start = file.read(6)
    opener: Any = next((each for magic, each in _PACKERS if start.startswith(magic)), Path.open)
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
