"""Telling whether a video is still the file that was extracted.

In: a path. Out: its ``SourceIdentity`` and how it differs from an earlier one.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from slipdetect.errors import VideoError

_END_BYTES = 65536


@dataclass(frozen=True)
class SourceIdentity:
    """What a file is recognized by without reading all of it.

    Attributes:
        name: File name without its folder.
        size: Bytes.
        mtime_ns: Last change, nanoseconds since 1970.
        ends_sha256: SHA-256 of its first and last 64 KiB.
    """

    name: str
    size: int
    mtime_ns: int
    ends_sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Look at a file.

        Raises:
            VideoError: It cannot be read.
        """
        status = stat_source(path)
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                digest.update(file.read(_END_BYTES))
                if status.st_size > _END_BYTES:
                    file.seek(max(status.st_size - _END_BYTES, _END_BYTES))
                    digest.update(file.read(_END_BYTES))
        except OSError as error:
            raise _unreadable(path, error) from error
        name = path.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return cls(name, status.st_size, status.st_mtime_ns, digest.hexdigest())

    def same_stat(self, path: Path) -> bool:
        """Return whether size and time of last change are the same, without opening the file.

        Raises:
            VideoError: The file is missing.
        """
        status = stat_source(path)
        return (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)

    def same_content(self, other: SourceIdentity) -> bool:
        """Return whether two files hold the same, whatever their names and times."""
        return (self.size, self.ends_sha256) == (other.size, other.ends_sha256)

    def differences(self, now: SourceIdentity) -> list[str]:
        """Return the names of what has changed since."""
        names = {"size": "size", "mtime_ns": "time of last change", "ends_sha256": "content"}
        return [text for key, text in names.items() if getattr(self, key) != getattr(now, key)]


def stat_source(path: Path) -> os.stat_result:
    """Return the status of a file.

    Raises:
        VideoError: It is missing or its name impossible.
    """
    try:
        return path.stat()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> VideoError:
    if isinstance(error, FileNotFoundError):
        return VideoError(f"{str(path)!r} was not found; check the path")
    reason = getattr(error, "strerror", None)
    return VideoError(f"{str(path)!r} cannot be read: {reason or error}; check the path")
