"""The files and folders of a store while it is written: whole, swept, not taken from others.

In: a store, names and bytes. Out: files that are on the disk when the call returns.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from slipdetect.errors import OutputError
from slipdetect.store.names import folder_names


class StoreUnwritable(OutputError):
    """The store takes no more files, whatever the video; a batch ends here."""


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write ``files`` (path relative to ``folder`` -> content), all next to their targets first.

    The temporary names are fixed, unlike ``atomic_write``'s, so that a killed run's leftovers are
    found and replaced by the next. A file that has its content already is left alone.

    Raises:
        StoreUnwritable: Writing failed; what was not finished is removed.
    """
    wanted = {folder / name: data for name, data in files.items()}
    fresh = {path: data for path, data in wanted.items() if not _has_content(path, data)}
    temporaries = {path: path.with_name(f".{path.name}.part") for path in fresh}
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
        path = Path(error.filename) if isinstance(error.filename, str) else folder
        raise unwritable(path, error) from error
    finally:
        for stream in opened:
            with suppress(OSError):  # a full disk refuses the last bytes once more
                stream.close()
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)


def unwritable(path: Path, error: OSError) -> StoreUnwritable:
    """Return the error that says why a file of a store cannot be written."""
    return StoreUnwritable(
        f"cannot write {str(path)!r}: {error.strerror}; free some space or choose another folder, "
        "then run the same again: it resumes"
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


def check_store(folder: Path) -> None:
    """Make the folder of a store, or find out early that it cannot be written.

    Raises:
        OutputError: It is a file, read-only, or its parent is missing.
    """
    name = repr(str(folder))
    try:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"cannot write into {name}: it is a file; give a folder")
        if not folder.parent.is_dir():
            raise OutputError(
                f"cannot make {name}: folder {str(folder.parent)!r} does not exist; make it first"
            )
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"cannot make {name[:80]}: {reason}; choose another") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write into {name}: the folder is read-only; choose another")


def check_unused(store: Path, key: str, *, plain: bool) -> None:
    """Raise ``OutputError`` where a video would be written over files that no extraction made.

    A ``plain`` name has no hash, so that the files may well be somebody else's.
    """
    for path in _contents(store, key):
        advice = "choose another folder" if plain else "pass --overwrite to delete them"
        raise OutputError(
            f"{str(path.parent)!r} holds files that belong to no manifest; move it away, or"
            f" {advice}"
        )


def sweep_temporaries(store: Path, key: str) -> None:
    """Delete the half-written files that a killed repair may have left."""
    for path in _contents(store, key):
        if path.name.startswith(".") and path.name.endswith(".part"):
            path.unlink(missing_ok=True)


def prepare_folders(store: Path, key: str, wanted: Container[str], keep: Container[str]) -> None:
    """Make the ``wanted`` folders of a video; delete others, and files that are not in ``keep``.

    Raises:
        OutputError: That is not possible.
    """
    try:
        for path in _contents(store, key):
            if f"{path.parent.name}/{path.name}" not in keep:
                path.unlink()
        for name in folder_names(key):
            if name in wanted:
                (store / name).mkdir(exist_ok=True)
            else:
                with suppress(OSError):  # there is none
                    (store / name).rmdir()
    except OSError as error:
        raise OutputError(
            f"cannot prepare {str(store / key)!r}: {error.strerror}; move it away"
        ) from error


def _contents(store: Path, key: str) -> Iterator[Path]:
    for name in folder_names(key):
        folder = store / name
        if folder.is_dir():
            yield from folder.iterdir()


def _has_content(path: Path, data: bytes) -> bool:
    try:
        return path.stat().st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False
