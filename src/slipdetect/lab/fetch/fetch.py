"""Getting videos from elsewhere: a path, or an address whose SHA-256 is known beforehand.

In: ``SOURCE`` or ``SOURCE#sha256=HEX``. Out: the path of a file or of an unpacked archive.
"""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from urllib.parse import unquote, urlsplit

from slipdetect._io import atomic_write, file_sha256, make_folder
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.fetch.archives import archive_stem
from slipdetect.lab.fetch.download import Progress, check_address, download, shown
from slipdetect.lab.fetch.unpack import unpack, unpacked_from

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NAME_BYTES = 120


def fetch(source: str, folder: Path, on_progress: Progress | None = None) -> Path:
    """Make ``source`` available as a local file or folder.

    What is downloaded becomes ``folder/NAME``; of a zip or tar only the unpacked folder, named
    without the suffix, stays. Nothing is downloaded or unpacked twice. A local file or folder that
    is no archive is returned where it is.

    Args:
        source: A path, ``file://``, ``http://`` or ``https://``, with ``#sha256=`` and 64 hex
            digits behind it; they may be left out for what is on this machine.
        folder: Where to put it; made when needed.
        on_progress: Called with the bytes downloaded and those expected, None if unknown.

    Raises:
        UsageError: The hash is missing or no hash, or the address is of another kind.
        DataError: It cannot be fetched or unpacked, or its hash is another.
        OutputError: The folder cannot be written, or holds something else of that name.
    """
    place, wanted = _split(source)
    if not place:
        raise UsageError("no source was named to fetch from; give a path or an address")
    scheme = _SCHEME.match(place)
    if scheme is None or scheme[1].lower() == "file":
        return _local(_local_path(place), wanted, folder)
    if scheme[1].lower() == "gs":
        raise UsageError(
            f"gs:// addresses are not fetched; give https://storage.googleapis.com/{place[5:]}"
            " with #sha256= and its hash behind it"
        )
    return _remote(place, wanted, folder, on_progress)


def _remote(place: str, wanted: str | None, folder: Path, on_progress: Progress | None) -> Path:
    """Download the file at ``place``, unless it is there; of an archive return its folder."""
    name = _file_name(check_address(place).path)
    stem = archive_stem(name)
    if wanted is None:
        raise UsageError(
            f"{shown(place)} needs its hash, so that you get what you expect: put #sha256= and 64"
            " hex digits behind it, from its publisher or from sha256sum of a copy you trust"
        )
    if stem is not None and _is_there(folder / stem, wanted):
        return folder / stem
    file = folder / name
    _download(place, file, wanted, on_progress)
    if stem is None:
        return file
    unpack(file, folder / stem, wanted)
    file.unlink()
    return folder / stem


def _split(source: str) -> tuple[str, str | None]:
    """Return what is to be fetched, and its SHA-256 in lower case if it was given."""
    place, mark, digest = source.rpartition("#sha256=")
    if not mark:
        return source, None
    if _DIGEST.fullmatch(digest.lower()) is None:
        raise UsageError(f"#sha256= takes 64 hex digits, not {digest[:80]!r}")
    return place, digest.lower()


def _local_path(place: str) -> Path:
    if _SCHEME.match(place) is None:
        return Path(place)
    parts = urlsplit(place)
    if parts.netloc not in ("", "localhost"):
        raise UsageError("a file:// address names a file of this machine: file:///folder/name")
    return Path(urllib.request.url2pathname(parts.path))


def _local(path: Path, wanted: str | None, folder: Path) -> Path:
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError) as error:  # a name too long, or with a NUL
        raise DataError(f"{str(path)[:80]!r} cannot be read: {error}; check the path") from error
    if not is_folder and not is_file:
        raise DataError(f"{str(path)!r} was not found or is no file; check the path")
    if is_folder:
        if wanted is not None:
            raise UsageError(f"{str(path)!r} is a folder, which has no sha256; leave #sha256= out")
        return path
    stem = archive_stem(path.name)
    if stem is None and wanted is None:
        return path
    digest = _digest(path)
    if wanted is not None:
        _require(digest, wanted, repr(str(path)), "check which file you mean")
    if stem is None:
        return path
    if not _is_there(folder / stem, digest):
        make_folder(folder)
        unpack(path, folder / stem, digest)
    return folder / stem


def _download(place: str, file: Path, wanted: str, on_progress: Progress | None) -> None:
    """Download to ``file`` unless it is there."""
    if file.exists():
        if not file.is_file() or _digest(file) != wanted:
            raise _taken(file)
        return
    make_folder(file.parent)
    with atomic_write(file) as temporary:
        digest = download(place, temporary, on_progress)
        _require(digest, wanted, shown(place), "nothing was kept; check the address and the hash")


def _is_there(folder: Path, digest: str) -> bool:
    if not folder.exists():
        return False
    if unpacked_from(folder) != digest:
        raise _taken(folder)
    return True


def _require(digest: str, wanted: str, name: str, advice: str) -> None:
    if digest != wanted:
        raise DataError(f"{name} has sha256 {digest}, not {wanted} as asked; {advice}")


def _taken(path: Path) -> OutputError:
    return OutputError(
        f"{str(path)!r} is there already and something else; remove it or choose another folder"
    )


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise DataError(
            f"{str(path)!r} cannot be read: {error.strerror}; check its permissions"
        ) from error


def _file_name(path: str) -> str:
    """Return a file name that is safe everywhere for what the path of an address ends with."""
    last = unquote(path).rpartition("/")[2]
    safe = "".join(char if char.isalnum() or char in "._- " else "_" for char in last)
    safe = safe.strip(" .")
    if not safe:
        raise UsageError("the address ends without a file name; give that of one file")
    # the suffix tells archives and videos, so a name that is too long is cut in front
    return safe.encode("utf-8")[-_NAME_BYTES:].decode("utf-8", "ignore")
