"""Writing the files of a store so that neither a crash nor a full disk leaves a half one.

In: names and bytes. Out: files that are whole and on the disk when the call returns.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from slipdetect.errors import OutputError


class StoreUnwritable(OutputError):
    """The store takes no more files, whatever the video; a batch ends here."""


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (path relative to ``folder`` -> content), all beside their targets first.

    The temporary names are fixed, unlike ``atomic_write``'s, so that a killed run's leftovers are
    found and replaced by the next. A file that has its content already is left alone.

    Raises:
        StoreUnwritable: Writing failed; what was not finished is removed.
    """
    wanted = {folder / name: data for name, data in files.items()}
    fresh = {path: data for path, data in wanted.items() if not _has_content(path, data)}
    temporaries = {path: _temporary(path) for path in fresh}
    opened: list[BinaryIO] = []
    try:
        for path, data in fresh.items():
            opened.append(temporaries[path].open("wb"))
            opened[-1].write(data)
            opened[-1].flush()
        # flushed together, which takes a fraction of the time of one by one
        for stream in opened:
            os.fsync(stream.fileno())
            stream.close()
        for path, temporary in temporaries.items():
            temporary.replace(path)
        sync_folders({path.parent for path in fresh})
    except OSError as error:
        name = error.filename if isinstance(error.filename, str) else str(folder)
        raise unwritable(name, error) from error
    finally:
        for stream in opened:
            with suppress(OSError):  # a full disk refuses the last bytes once more
                stream.close()
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def unwritable(name: str, error: OSError) -> StoreUnwritable:
    """Return the error that says why ``name`` cannot be written."""
    return StoreUnwritable(
        f"cannot write {name!r}: {error.strerror}; free some space or choose another folder, then"
        " run the same again: it resumes"
    )


def sync_folders(folders: Iterable[Path]) -> None:
    """Put renamed entries of ``folders`` on the disk, where the system can."""
    for folder in folders:
        try:
            handle = os.open(folder, os.O_RDONLY)
        except PermissionError:  # Windows opens no folders
            continue
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def digest(data: bytes) -> str:
    """Return the SHA-256 of ``data`` in hex."""
    return hashlib.sha256(data).hexdigest()


def is_temporary(name: str) -> bool:
    """Tell whether a file name is one that ``write_files`` uses while it writes."""
    return name.startswith(".") and name.endswith(".part")


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _has_content(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
