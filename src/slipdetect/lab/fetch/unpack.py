"""Unpacking an archive into a new folder, without letting it write anywhere else.

In: a zip or tar file. Out: a folder with all its files, or none at all.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from slipdetect._io import publish_folder, staging_folder
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.fetch.archives import open_archive

MAX_FILES = 2_000_000
MAX_RATIO = 100
FREE_BYTES = 64 << 20

_MARKER = ".unpacked-from"
_CHUNK = 1 << 20
_IMPOSSIBLE = (errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EINVAL)


def unpacked_from(folder: Path) -> str | None:
    """Return the SHA-256 of the archive that ``unpack`` made ``folder`` of; None: it did not."""
    try:
        return (folder / _MARKER).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


def unpack(archive: Path, folder: Path, digest: str) -> None:
    """Unpack ``archive`` into the new folder ``folder``.

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


def check_member(name: str, archive: Path) -> None:
    """Refuse the name of a member that would be written outside the folder.

    Raises:
        DataError: It is absolute, of a drive, holds ``..`` or a NUL.
    """
    absolute = name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name) is not None
    if absolute or ".." in name.replace("\\", "/").split("/") or "\0" in name:
        raise _leads_out(name, archive)


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error of a file or folder that cannot be written."""
    reason = error.strerror or error
    return OutputError(f"cannot write {str(path)!r}: {reason}; make room or choose another folder")


def _write_all(folder: Path, archive: Path) -> None:
    left = FREE_BYTES + MAX_RATIO * archive.stat().st_size
    count = 0
    with open_archive(archive) as members:
        for name, content in members:
            count += 1
            if count > MAX_FILES:
                raise DataError(f"{str(archive)!r} holds more than {MAX_FILES} files; unpack it")
            with content:
                left -= _write(folder, name, content, left, archive)
    if count == 0:
        raise DataError(f"{str(archive)!r} holds no files; fetch or pack it again")


def _write(folder: Path, name: str, content: IO[bytes], limit: int, archive: Path) -> int:
    """Write one member and return its bytes, at most ``limit``."""
    path = folder.joinpath(*_parts(name, archive))
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
    """Tell faults of the disk from names that no file can have."""
    try:
        yield
    except OSError as error:
        if error.errno in _IMPOSSIBLE:
            raise DataError(
                f"{str(archive)!r} holds {name[:80]!r}, which cannot be written beside the rest:"
                f" {error.strerror}"
            ) from error
        raise unwritable(path, error) from error


def _parts(name: str, archive: Path) -> list[str]:
    """Return the folders and the file of a member's name.

    Raises:
        DataError: It leads out of the folder, or is the folder.
    """
    check_member(name, archive)
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if not parts:
        raise _leads_out(name, archive)
    return parts


def _leads_out(name: str, archive: Path) -> DataError:
    return DataError(
        f"{str(archive)!r} holds {name[:80]!r}, which leads out of its folder; do not trust it"
    )
