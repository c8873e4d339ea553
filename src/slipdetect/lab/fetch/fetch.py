"""Getting files from elsewhere: a path, or an address whose SHA-256 is known beforehand.

In: ``SOURCE`` or ``SOURCE#sha256=HEX``. Out: the path of a file or of an unpacked archive.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from slipdetect._address import address_scheme
from slipdetect._io import atomic_write, file_sha256, make_folder
from slipdetect._version import __version__
from slipdetect.errors import DataError, OutputError, UsageError
from slipdetect.lab.fetch.archives import archive_stem, unpack, unpacked_from

if TYPE_CHECKING:
    from slipdetect.cli.console import Console

# takes the bytes that are there and those expected, None if unknown
OnBytes = Callable[[int, int | None], None]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_RANGE = re.compile(r"bytes ([0-9]{1,18})-")
_NAME_BYTES = 120
_CHUNK = 1 << 18
_TIMEOUT = 30.0
_PAUSES = (1.0, 2.0, 4.0, 8.0)
# what an address may hold; a percent sign is taken for one of an escape
_SAFE = "%/:=&?#~+!$,;'@()*[]"


def fetch(source: str, folder: Path, on_progress: OnBytes | None = None) -> Path:
    """Make ``source`` available as a local file or folder.

    What is downloaded becomes ``folder/NAME``; of a zip or tar only the unpacked folder, named
    without the suffix, stays. Nothing is downloaded or unpacked twice. A local file or folder that
    is not an archive is returned where it is.

    Args:
        source: A path, ``file://``, ``http://`` or ``https://``, with ``#sha256=`` and 64 hex
            digits after it; they may be left out for what is on this machine.
        folder: Where to put it; made when needed.
        on_progress: Called during a download.

    Raises:
        UsageError: The hash is missing or no hash, or the address is of another kind.
        DataError: It cannot be fetched or unpacked, or its hash is another.
        OutputError: The folder cannot be written, or holds something else of that name.
    """
    place, mark, digits = source.rpartition("#sha256=")
    place, wanted = (place, digits.lower()) if mark else (source, None)
    if wanted is not None and _SHA256.fullmatch(wanted) is None:
        raise UsageError(f"#sha256= takes 64 hex digits, not {digits[:80]!r}")
    if not place:
        raise UsageError("no source was named to fetch from; give a path or an address")
    scheme = address_scheme(place)
    if scheme is None or scheme == "file":
        return _local(_local_path(place, scheme), wanted, folder)
    if scheme == "gs":
        raise UsageError(
            f"gs:// addresses are not fetched; give https://storage.googleapis.com/{place[5:]}"
            " with #sha256= and its hash after it"
        )
    return _remote(place, wanted, folder, on_progress)


def fetch_shown(console: Console, address: str, folder: Path) -> Path:
    """Fetch ``address`` into ``folder`` and show how far it is; see ``fetch``."""
    with console.bar(1.0) as bar:

        def show(done: int, expected: int | None) -> None:
            bar.show(done / expected if expected else 0.0, f"downloading, {done / 1e6:.1f} MB")

        return fetch(address, folder, show)


def _local_path(place: str, scheme: str | None) -> Path:
    if scheme is None:
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
        raise DataError(f"{str(path)!r} was not found or is not a file; check the path")
    if is_folder:
        if wanted is not None:
            raise UsageError(f"{str(path)!r} is a folder, which has no sha256; leave #sha256= out")
        return path
    stem = archive_stem(path.name)
    if stem is None and wanted is None:
        return path
    digest = _digest(path)
    _require(digest, digest if wanted is None else wanted, repr(str(path)), "check which it is")
    if stem is None:
        return path
    if not _is_there(folder / stem, digest):
        make_folder(folder)
        unpack(path, folder / stem, digest)
    return folder / stem


def _remote(place: str, wanted: str | None, folder: Path, on_progress: OnBytes | None) -> Path:
    """Download the file at ``place``, unless it is there; of an archive return its folder."""
    name = _file_name(_checked(place).path)
    stem = archive_stem(name)
    if wanted is None:
        raise UsageError(
            f"{_shown(place)} needs its hash, so that you get what you expect: put #sha256= and 64"
            " hex digits after it, from its publisher or from sha256sum of a copy you trust"
        )
    if stem is not None and _is_there(folder / stem, wanted):
        return folder / stem
    file = folder / name
    if not file.exists():
        make_folder(folder)
        with atomic_write(file) as temporary:
            digest = _download(place, temporary, on_progress)
            advice = "nothing was kept; check the address and the hash"
            _require(digest, wanted, _shown(place), advice)
    elif not file.is_file() or _digest(file) != wanted:
        raise _taken(file)
    if stem is None:
        return file
    unpack(file, folder / stem, wanted)
    file.unlink()
    return folder / stem


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


def _download(address: str, file: Path, on_progress: OnBytes | None = None) -> str:
    """Write what is at ``address`` to ``file`` and return its SHA-256, 64 hex digits.

    A connection that breaks after the first byte is opened again for the rest, up to four times
    without a new byte. Redirects to anything less safe are refused.

    Raises:
        DataError: The server cannot be reached or refuses.
        OutputError: The file cannot be written, or is larger than the disk's free space.
    """
    with file.open("wb") as out:
        transfer = _Transfer(address, out, file.parent, on_progress)
        failures = 0
        while True:
            before, final = transfer.done, False
            try:
                if transfer.receive():
                    return transfer.digest.hexdigest()
                reason = "the connection broke"
            except urllib.error.HTTPError as error:
                error.close()
                reason = f"HTTP {error.code} {http.client.responses.get(error.code, '')}".rstrip()
                final = error.code < http.client.INTERNAL_SERVER_ERROR
            except (HTTPException, OSError, UnicodeError) as error:  # the last of impossible hosts
                cause = error.reason if isinstance(error, urllib.error.URLError) else error
                reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
            failures = 0 if transfer.done > before else failures
            if final or transfer.done == 0 or failures == len(_PAUSES):
                raise DataError(
                    f"cannot fetch {_shown(address)}: {reason}; check the address and connection"
                )
            time.sleep(_PAUSES[failures])
            failures += 1


class _Transfer:
    """What has arrived of one file so far."""

    def __init__(
        self, address: str, out: BinaryIO, folder: Path, on_progress: OnBytes | None
    ) -> None:
        self.done = 0
        self.digest = hashlib.sha256()
        self._address = quote(address, safe=_SAFE)
        self._out = out
        self._folder = folder
        self._on_progress = on_progress

    def receive(self) -> bool:
        """Ask for what is missing and take it; return whether all is there."""
        headers = {"User-Agent": f"slipdetect/{__version__}"}
        if self.done:
            headers["Range"] = f"bytes={self.done}-"
        request = urllib.request.Request(self._address, headers=headers)  # noqa: S310 - checked
        opener = urllib.request.build_opener(_Redirects)
        with opener.open(request, timeout=_TIMEOUT) as response:
            self._continue_at(_start(response))
            total = None if response.length is None else self.done + response.length
            free = shutil.disk_usage(self._folder).free
            if response.length is not None and response.length > free:
                raise OutputError(
                    f"cannot write {str(self._folder)!r}: {response.length} bytes are to come and"
                    f" {free} are free; make room"
                )
            while chunk := response.read(_CHUNK):
                try:
                    self._out.write(chunk)
                except OSError as error:
                    folder = str(self._folder)
                    raise OutputError(
                        f"cannot write {folder!r}: {error.strerror}; make room"
                    ) from error
                self.digest.update(chunk)
                self.done += len(chunk)
                if self._on_progress is not None:
                    self._on_progress(self.done, total)
        return total is None or self.done >= total

    def _continue_at(self, start: int) -> None:
        if start == self.done:
            return
        if start != 0:
            raise HTTPException(f"the server sends from byte {start}, not {self.done}")
        self._out.seek(0)
        self._out.truncate()
        self.done, self.digest = 0, hashlib.sha256()


def _start(response: HTTPResponse) -> int:
    """Return the first byte that an answer holds."""
    if response.status != http.client.PARTIAL_CONTENT:
        return 0
    match = _RANGE.match(response.headers.get("Content-Range", ""))
    if match is None:
        raise HTTPException("the server does not say which part it sends")
    return int(match[1])


def _checked(address: str) -> SplitResult:
    """Return the parts of an http or https address without user name and password.

    Of any other address only its scheme is repeated.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{error} in the address; check it") from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"a {parts.scheme}:// address is not fetched, only http:// and https://")
    if parts.username is not None or parts.password is not None:
        raise UsageError(f"the address at {host!r} holds a user name, which is not sent; leave it")
    return parts


def _shown(address: str) -> str:
    """Return an address without its query, which may hold a key."""
    parts = urlsplit(address)
    return repr(f"{parts.scheme}://{parts.netloc}{parts.path}")


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https, and never from https to http."""

    def http_error_302(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
    ) -> IO[bytes] | None:
        try:
            parts = _checked(urljoin(req.full_url, headers.get("Location", "")))
        except (UsageError, ValueError) as error:
            raise DataError(f"{_shown(req.full_url)} leads elsewhere: {error}") from error
        if req.type == "https" and parts.scheme == "http":
            raise DataError(f"{_shown(req.full_url)} leads from https:// to http://; not followed")
        followed: IO[bytes] | None = super().http_error_302(req, fp, code, msg, headers)
        return followed

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
