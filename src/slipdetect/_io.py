"""Writing files and folders so that a reader sees the old content or the new, never a half.

In: a target path. Out: a temporary path beside it that is renamed onto the target on success.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tokenize import TokenError

from slipdetect.errors import DataError, OutputError

Unwritable = Callable[[Path, OSError], OutputError]

# what numpy raises of a damaged header of an array, which it reads as source text of Python
ARRAY_DAMAGE = (ValueError, TypeError, EOFError, SyntaxError, TokenError)
# what zipfile, zlib and numpy raise of a damaged .npz
NPZ_DAMAGE = (
    *ARRAY_DAMAGE,
    *(OSError, KeyError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error),
)

_UMASK = threading.Lock()


def exists(path: str | os.PathLike[str]) -> bool:
    """Return whether there is a file or folder of that very name, which may be no possible one."""
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False


def read_text(path: Path) -> str:
    """Return what a UTF-8 file holds, with or without a byte-order mark.

    Raises:
        DataError: It cannot be read, or is something else.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check it") from error
    except UnicodeDecodeError:
        raise DataError(f"{str(path)!r} is not UTF-8 text; save it as such") from None


def unwritable(path: Path, error: OSError) -> OutputError:
    """Return the error that says why a file cannot be written."""
    return OutputError(f"cannot write {str(path)!r}: {error.strerror or error}")


@contextmanager
def file_lock(
    path: Path, patience: float, refusal: Callable[[], str], failure: Unwritable = unwritable
) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; it is removed at the end.

    The lock is the system's, which ends with the process however that ends.

    Args:
        path: The lock file.
        patience: Seconds to wait for another process.
        refusal: Says who holds it after that.
        failure: Says why it cannot be written.

    Raises:
        OutputError: Another process holds it, or it cannot be written.
    """
    from filelock import FileLock, Timeout  # takes a while to import

    lock = FileLock(path, timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise OutputError(refusal()) from error
    except OSError as error:
        raise failure(path, error) from error
    try:
        yield
    finally:
        # removed before the lock ends: who waits for this file then finds it gone and starts over
        with suppress(OSError):
            path.unlink()
        lock.release()


def check_writable(path: Path, *, overwrite: bool = False) -> None:
    """Fail early when ``path`` could not be written later.

    Raises:
        OutputError: The target exists, is a folder, or its folder is missing or read-only.
    """
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        raise OutputError(
            f"cannot write {str(path)[:80]!r}: {error}; choose another name"
        ) from error
    if is_folder:
        raise OutputError(f"cannot write {str(path)!r}: it is a folder; give a file name")
    if exists and not overwrite:
        raise OutputError(f"{str(path)!r} exists already; pass overwrite=True or another name")
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {str(path)!r}: folder {str(path.parent)!r} does not exist")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write {str(path)!r}: folder {str(path.parent)!r} is read-only")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; one that exists is fine.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make folder {str(folder)!r}: {error.strerror}; choose another"
        ) from error


def output_files(folder: Path, names: Iterable[str], *, overwrite: bool) -> list[Path]:
    """Make a folder and return the files that will be written in it, before the work begins.

    Raises:
        OutputError: The folder cannot be made, or a file is there or cannot be written.
    """
    make_folder(folder)
    targets = [folder / name for name in names]
    for target in targets:
        check_writable(target, overwrite=overwrite)
    return targets


@contextmanager
def atomic_write(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary file beside ``path``; rename it onto ``path`` when the block succeeds.

    The temporary name keeps the suffix of ``path`` because some writers choose a format by it.

    Raises:
        OutputError: The target cannot be written, or writing failed (disk full, read-only).
    """
    check_writable(path, overwrite=overwrite)
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem[:40]}.", suffix=path.suffix
        )
        os.close(handle)
    except OSError as error:
        raise unwritable(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        _publish(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def text_file(path: Path, *, overwrite: bool = False) -> Iterator[Callable[[str], None]]:
    """Yield what takes the text of a UTF-8 file, which is renamed into place at the end.

    Raises:
        OutputError: The file cannot be written.
    """
    with (
        atomic_write(path, overwrite=overwrite) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream,
    ):

        def write(text: str) -> None:
            stream.write(text)

        yield write
        stream.flush()


def write_text(path: Path, text: str, *, overwrite: bool = False) -> None:
    """Write a UTF-8 file whose lines end as they do in ``text``.

    Raises:
        OutputError: The file cannot be written.
    """
    with text_file(path, overwrite=overwrite) as write:
        write(text)


@contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target``, which goes again unless it was published.

    Raises:
        OSError: It cannot be made.
    """
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name[:40]}."))
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def publish_folder(temporary: Path, target: Path) -> None:
    """Give a staged folder the usual permissions and its name.

    Raises:
        OSError: The target is there, or cannot be written.
    """
    temporary.chmod(0o777 & ~_umask())
    temporary.rename(target)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content as hex digits.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _publish(temporary: Path, path: Path) -> None:
    # open for writing: Windows flushes no file that is open for reading only
    with temporary.open("r+b") as written:
        os.fsync(written.fileno())
    temporary.chmod(0o666 & ~_umask())
    temporary.replace(path)


def _umask() -> int:
    # there is no way to ask without setting it, and what two threads set in turn would stay
    with _UMASK:
        umask = os.umask(0o077)
        os.umask(umask)
    return umask
