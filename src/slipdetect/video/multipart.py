"""JPEGs between boundaries, as cameras send them by HTTP, in a form that keeps their times.

In: bytes of ``multipart/x-mixed-replace``. Out: a container that FFmpeg reads: with the times that
the parts' headers tell (IVF), or without any (a run of JPEGs).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from statistics import median_low
from typing import Protocol

SNIFFED = 4096  # bytes that tell whether a file is of this kind, behind the head of an HTTP answer
_BEHIND_MORE = re.compile(
    rb"^--[^\r\n]+\r\n(?:[\w-]+:.*\n)*?content-type:[ \t]*image/jp.*\n(?:[\w-]+:.*\n)*\r\n\xff\xd8",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_HEADER = 8_192
_MOST_DIGITS, _MOST_PICTURE = 8, 10**8  # of a length, and bytes: what is longer is no picture
_CHUNK = 65_536
_TICKS = 1_000_000  # a second
_LOOKED_AT = 10  # pictures that tell whether there are times, and their unit
_MOST_STEP = 20.0  # seconds; no camera takes so long from one picture to the next
FIRST_DATE = 946_684_800  # seconds since 1970: 2000; smaller times are no dates
_MOST_SECONDS = 1e11  # since 1970; none is that late
_UNITS = {1: "seconds", 10**3: "milliseconds", 10**6: "microseconds", 10**9: "nanoseconds"}
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
        if not self._left:
            return self._stream.read(size)
        data, self._left = self._left[:size], self._left[size:]
        return data


@dataclass(frozen=True)
class Part:
    """A picture between two boundaries.

    Attributes:
        data: The JPEG.
        time: What its header tells, mostly seconds since 1970; None where it does not.
    """

    data: bytes
    time: float | None


def is_multipart(first: bytes) -> bool:
    """Return whether a file of these first bytes, some hundred, holds JPEGs between boundaries."""
    head = first.lstrip(b"\r\n")
    if not head.startswith(b"--"):
        # other text tells about this form too, and archives hold such files
        found = _BEHIND_MORE.search(head)
        return found is not None and b"\0" not in head[: found.start()]
    lines = head.lower().split(b"\n")
    return any(line.startswith(b"content-type:") and b"image/jp" in line for line in lines[1:])


def parts(stream: Bytes) -> Iterator[Part]:
    """Yield the whole pictures of a stream; the last one may be cut off, and is left out then."""
    held = _Buffer(stream)
    boundary = b""
    while (head := held.header()) is not None:
        if begun := [line for line in head if line.startswith(b"--")]:
            boundary = begun[-1]
        if not head or not boundary:  # the head of an HTTP answer, or other text before the first
            continue
        fields = (line.partition(b":") for line in head)
        told = {name.strip().lower(): value.strip() for name, _, value in fields}
        length = told.get(b"content-length", b"")
        if length.isdigit() and len(length) <= _MOST_DIGITS:
            size: int | None = int(length)
        else:
            size = held.find(b"\r\n" + boundary, _MOST_PICTURE)
        data = None if size is None else held.take(size)
        if data is None:
            return
        if data:
            yield Part(data, _time(told.get(b"x-timestamp", b"")))


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


def _time(text: bytes) -> float | None:
    try:
        time = float(text)
    except ValueError:
        return None
    return time if 0 <= time < _MOST_SECONDS * max(_UNITS) else None


class Pieces:
    """Bytes that come in pieces of any length.

    Args:
        pieces: None of them empty.
    """

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = b""

    def read(self, size: int) -> bytes:
        self._left = self._left or next(self._pieces, b"")
        data, self._left = self._left[:size], self._left[size:]
        return data


class Repacked(Pieces):
    """The pictures of a multipart stream as FFmpeg reads them.

    Args:
        stream: Begins with a boundary, or with the head of an HTTP answer or other text before it.

    Attributes:
        format: ``"ivf"`` where one of the first headers tells a time, else ``"mjpeg"``, which has
            none.
        warning: What is to be said of the times; None where they are seconds.
    """

    def __init__(self, stream: Bytes) -> None:
        found = parts(stream)
        first = _looked_at(found)
        told = [(index, part.time) for index, part in enumerate(first) if part.time is not None]
        self.format = "ivf" if told else "mjpeg"
        self.warning: str | None = None
        if not told:
            super().__init__(part.data for part in chain(first, found))
            return
        steps = [(b - a) / (j - i) for (i, a), (j, b) in pairwise(told)]
        step = max(0.0, median_low(steps)) if steps else 0.0
        unit = _unit(step, median_low(time for _, time in told))
        if unit > 1:
            self.warning = (
                f"X-Timestamp is taken for {_UNITS[unit]}: as seconds it is too late, or pictures"
                f" are over {_MOST_STEP:g} s apart; frame_rate=... sets a rate instead"
            )
        begin, time = told[0]
        early = [Part(first[i].data, time - (begin - i) * step) for i in range(begin)]
        super().__init__(_timed(chain(early, first[begin:], found), unit))


def _looked_at(found: Iterator[Part]) -> list[Part]:
    """Return as many of the first pictures as are needed: a live camera may be slow to send ten."""
    first = list(islice(found, 2))
    times = [part.time for part in first if part.time is not None]
    dated = len(times) == 2 and FIRST_DATE <= times[0] < _MOST_SECONDS
    if not (dated and 0 < times[1] - times[0] <= _MOST_STEP):
        first += islice(found, _LOOKED_AT - len(first))
    return first


def _unit(step: float, time: float) -> int:
    """Return how many of what headers count are a second, by the usual step and time."""
    for unit in _UNITS:
        if step <= _MOST_STEP * unit and time < _MOST_SECONDS * unit:
            return unit
    return max(_UNITS)


def _timed(found: Iterator[Part], unit: int) -> Iterator[bytes]:
    yield _FILE_HEADER
    last = 0
    for part in found:
        # a picture whose header tells no time is there as soon as the one before
        if part.time is not None and part.time < _MOST_SECONDS * unit:
            last = round(part.time / unit * _TICKS)
        yield struct.pack("<Iq", len(part.data), last)
        yield part.data
