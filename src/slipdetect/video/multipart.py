"""JPEGs between boundaries, as cameras send them by HTTP, in a form that keeps their times.

In: bytes of ``multipart/x-mixed-replace``. Out: a container that FFmpeg reads: with the times that
the parts' headers tell (IVF), or without any (a run of JPEGs).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

SNIFFED = 512  # bytes that tell whether a file is of this kind
_MOST_HEADER = 8_192
_CHUNK = 65_536
_TICKS = 1_000_000  # a second
# IVF: signature, version, bytes of this header, codec, width, height, ticks a second, 1, pictures
_FILE_HEADER = struct.pack("<4sHH4sHHIIII", b"DKIF", 0, 32, b"MJPG", 0, 0, _TICKS, 1, 0, 0)


class Bytes(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int) -> bytes:
        """Return some bytes as soon as there are any; none at the end."""


class Ahead:
    """Bytes of which the first were looked at already.

    Args:
        stream: The rest.
        size: Bytes to look at; fewer where the stream ends before.

    Attributes:
        first: The first bytes.
    """

    def __init__(self, stream: Bytes, size: int) -> None:
        self._stream = stream
        self.first = b""
        while len(self.first) < size and (more := stream.read(size - len(self.first))):
            self.first += more
        self._left = self.first

    def read(self, size: int) -> bytes:
        """See ``Bytes``."""
        if not self._left:
            return self._stream.read(size)
        data, self._left = self._left[:size], self._left[size:]
        return data


@dataclass(frozen=True)
class Part:
    """A picture between two boundaries.

    Attributes:
        data: The JPEG.
        time: Seconds since 1970, or None where its header does not tell.
    """

    data: bytes
    time: float | None


def is_multipart(first: bytes) -> bool:
    """Return whether a file of these first bytes, some hundred, holds JPEGs between boundaries."""
    head = first.lstrip(b"\r\n")
    lines = head.lower().split(b"\n")
    return head.startswith(b"--") and any(
        line.startswith(b"content-type:") and b"image/jp" in line for line in lines[1:]
    )


def parts(stream: Bytes) -> Iterator[Part]:
    """Yield the whole pictures of a stream; the last one may be cut off, and is left out then."""
    held = _Buffer(stream)
    boundary = b""
    while (head := held.header()) is not None:
        if not head:
            continue
        first, *lines = head
        boundary = first if first.startswith(b"--") else boundary
        told = dict(_field(line) for line in lines)
        length = told.get(b"content-length", b"")
        size = int(length) if length.isdigit() else held.find(b"\r\n" + boundary)
        data = None if size is None else held.take(size)
        if data is None:
            return
        if data:
            yield Part(data, _seconds(told.get(b"x-timestamp", b"")))


class _Buffer:
    def __init__(self, stream: Bytes) -> None:
        self._stream = stream
        self._data = bytearray()

    def header(self) -> list[bytes] | None:
        """Return the lines up to the next empty one, without empty ones; None at the end."""
        end = self.find(b"\n\r\n", _MOST_HEADER)
        if end is None:
            return None
        taken = self.take(end + 3) or b""
        return [line.strip() for line in taken.split(b"\n") if line.strip()]

    def find(self, what: bytes, most: int | None = None) -> int | None:
        """Return where ``what`` begins; None where it does not come, or not within ``most``."""
        begin = 0
        while (place := self._data.find(what, begin)) < 0:
            begin = max(0, len(self._data) - len(what))
            if (most is not None and len(self._data) > most) or not self._more():
                return None
        return place

    def take(self, size: int) -> bytes | None:
        """Return the next bytes; None where the stream ends before."""
        while len(self._data) < size:
            if not self._more():
                return None
        data = bytes(self._data[:size])
        del self._data[:size]
        return data

    def _more(self) -> bool:
        data = self._stream.read(_CHUNK)
        self._data += data
        return bool(data)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.strip().lower(), value.strip()


def _seconds(text: bytes) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e11 else None


class Repacked:
    """The pictures of a multipart stream as FFmpeg reads them.

    Args:
        stream: Begins with a boundary.

    Attributes:
        format: ``"ivf"`` where the first header tells a time, else ``"mjpeg"``, which has none.
    """

    def __init__(self, stream: Bytes) -> None:
        found = parts(stream)
        first = next(found, None)
        timed = first is not None and first.time is not None
        self.format = "ivf" if timed else "mjpeg"
        self._left = b""
        self._pieces = self._pack(first, found, timed)

    def read(self, size: int) -> bytes:
        """See ``Bytes``."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._left = piece
        data, self._left = self._left[:size], self._left[size:]
        return data

    def _pack(self, first: Part | None, rest: Iterator[Part], timed: bool) -> Iterator[bytes]:
        if timed:
            yield _FILE_HEADER
        last = -1
        part = first
        while part is not None:
            if timed:
                # a picture whose header tells none is there as soon as the one before
                last = last if part.time is None else round(part.time * _TICKS)
                yield struct.pack("<IQ", len(part.data), last)
            yield part.data
            part = next(rest, None)
