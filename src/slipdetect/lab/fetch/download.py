"""Downloading one file over HTTP, taken up again where a connection broke.

In: an http or https address and an open file. Out: the SHA-256 of what was written.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException, HTTPMessage, HTTPResponse
from pathlib import Path
from typing import IO, BinaryIO
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from slipdetect._version import __version__
from slipdetect.errors import DataError, OutputError, UsageError

Progress = Callable[[int, int | None], None]

_CHUNK = 1 << 18
_TIMEOUT = 30.0
_PAUSES = (1.0, 2.0, 4.0, 8.0)
_RANGE = re.compile(r"bytes (\d+)-")
# what an address may hold; a percent sign is taken for one of an escape
_SAFE = "%/:=&?#~+!$,;'@()*[]"


def check_address(address: str) -> SplitResult:
    """Return the parts of an http or https address without user name and password.

    Raises:
        UsageError: It is another address; only its scheme is repeated.
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


def shown(address: str) -> str:
    """Return an address without its query, which may hold a key."""
    parts = urlsplit(address)
    return repr(f"{parts.scheme}://{parts.netloc}{parts.path}")


def download(address: str, file: Path, on_progress: Progress | None = None) -> str:
    """Write what is at ``address`` to ``file`` and return its SHA-256, 64 hex digits.

    A connection that breaks after the first byte is opened again for the rest, up to four times
    without a new byte.

    Args:
        address: http or https; redirects to anything less safe are refused.
        file: Existing or not, replaced.
        on_progress: Called with the bytes written and those expected, None if unknown.

    Raises:
        DataError: The server cannot be reached or refuses.
        OutputError: The file cannot be written, or is larger than the disk's free space.
    """
    check_address(address)
    with file.open("wb") as out:
        transfer = _Transfer(address, out, file, on_progress)
        failures = 0
        while True:
            before = transfer.done
            try:
                if transfer.receive():
                    return transfer.digest.hexdigest()
                reason = "the connection broke"
            except (HTTPException, OSError) as error:
                reason = _reason(error)
                if transfer.done == 0 or _is_final(error):
                    failures = len(_PAUSES)
            failures = 0 if transfer.done > before else failures
            if failures == len(_PAUSES):
                raise DataError(
                    f"cannot fetch {shown(address)}: {reason}; check the address and connection"
                )
            time.sleep(_PAUSES[failures])
            failures += 1


class _Transfer:
    """What has arrived of one file so far."""

    def __init__(
        self, address: str, out: BinaryIO, file: Path, on_progress: Progress | None
    ) -> None:
        self.done = 0
        self.digest = hashlib.sha256()
        self._address = address
        self._out = out
        self._file = file
        self._on_progress = on_progress

    def receive(self) -> bool:
        """Ask for what is missing and take it; tell whether all is there.

        Raises:
            HTTPException, OSError: The connection failed.
            OutputError: The disk is full.
        """
        with _open(self._address, self.done) as response:
            self._continue_at(_start(response))
            total = None if response.length is None else self.done + response.length
            self._check_space(response.length)
            while chunk := response.read(_CHUNK):
                self._take(chunk)
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

    def _check_space(self, length: int | None) -> None:
        free = shutil.disk_usage(self._file.parent).free
        if length is not None and length > free:
            raise OutputError(
                f"cannot write {str(self._file.parent)!r}: {length} bytes are to come and {free}"
                " are free; make room"
            )

    def _take(self, chunk: bytes) -> None:
        try:
            self._out.write(chunk)
        except OSError as error:
            folder = str(self._file.parent)
            raise OutputError(f"cannot write {folder!r}: {error.strerror}; make room") from error
        self.digest.update(chunk)
        self.done += len(chunk)


def _open(address: str, start: int) -> HTTPResponse:
    request = urllib.request.Request(quote(address, safe=_SAFE))  # noqa: S310 - scheme checked
    request.add_header("User-Agent", f"slipdetect/{__version__}")
    if start:
        request.add_header("Range", f"bytes={start}-")
    opener = urllib.request.OpenerDirector()
    # no handler of files, FTP or data: addresses
    for handler in (
        *(urllib.request.ProxyHandler(), urllib.request.HTTPHandler()),
        *(urllib.request.HTTPSHandler(), urllib.request.HTTPDefaultErrorHandler()),
        *(urllib.request.HTTPErrorProcessor(), _Redirects()),
    ):
        opener.add_handler(handler)
    response: HTTPResponse = opener.open(request, timeout=_TIMEOUT)
    return response


def _start(response: HTTPResponse) -> int:
    """Return the first byte that an answer holds."""
    if response.status != http.client.PARTIAL_CONTENT:
        return 0
    match = _RANGE.match(response.headers.get("Content-Range", ""))
    if match is None:
        raise HTTPException("the server does not say which part it sends")
    return int(match[1])


def _is_final(error: Exception) -> bool:
    """Tell whether a server has answered that asking again is of no use."""
    if not isinstance(error, urllib.error.HTTPError):
        return False
    return error.code < http.client.INTERNAL_SERVER_ERROR


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return f"HTTP {error.code} {http.client.responses.get(error.code, '')}".rstrip()
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, OSError) and reason.strerror:
        return os.fspath(reason.strerror)
    return str(reason) or type(error).__name__


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
            parts = check_address(urljoin(req.full_url, headers.get("Location", "")))
        except (UsageError, ValueError) as error:
            raise DataError(f"{shown(req.full_url)} leads elsewhere: {error}") from error
        if req.type == "https" and parts.scheme == "http":
            raise DataError(f"{shown(req.full_url)} leads from https:// to http://; not followed")
        followed: IO[bytes] | None = super().http_error_302(req, fp, code, msg, headers)
        return followed

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302
