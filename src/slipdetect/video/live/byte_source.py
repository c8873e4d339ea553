"""Video that comes as bytes: a pipe, or a file that is still being written.

In: a binary stream or a path. Out: an open container that reads bytes as they come.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

import av
from av.container import InputContainer

from slipdetect.errors import VideoError
from slipdetect.video.live.address_source import why
from slipdetect.video.live.settings import LiveSettings
from slipdetect.video.opening import REFUSED_FORMATS, TOLERANT
from slipdetect.video.sources import check_source

_POLL = 0.1


class _Bytes(Protocol):
    def read(self, size: int) -> bytes:
        """Return some bytes as soon as there are any; none at the end."""


class PipeSource:
    """Video on a pipe; whoever writes it waits when detection is slower.

    Args:
        stream: Read to its end.
        name: What it is called.
    """

    again = False
    timed = True

    def __init__(self, stream: BinaryIO, name: str = "standard input") -> None:
        self.name = name
        self._stream = stream

    def open(self, settings: LiveSettings) -> InputContainer:
        """Read the header.

        Raises:
            VideoError: It holds no video that can be read from its beginning on.
        """
        return _opened(_Some(self._stream), self.name, settings)

    def waits(self, container: InputContainer) -> bool:
        """Return True: a pipe that nobody reads fills up."""
        return True


class FollowedFile:
    """A file that is still being written: what is there, then what is added.

    It has come to its end when nothing was added for ``stall`` seconds.

    Args:
        path: The file, which must be there.

    Raises:
        VideoError: It is missing, empty, or no file that may be a video.
    """

    again = False
    timed = True

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = check_source(path)

    def open(self, settings: LiveSettings) -> InputContainer:
        """Read the header.

        Raises:
            VideoError: It holds no video that can be read while it is written.
        """
        return _opened(_Growing(self._path, settings.stall), self.name, settings)

    def waits(self, container: InputContainer) -> bool:
        """Return True: the file stays."""
        return True


class _Some:
    """A stream whose ``read`` does not wait until it has all that was asked for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read: Callable[[int], bytes | None] = stream.read
        self._head = b""
        if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
            # a thread that waits inside a buffered reader makes Python abort at its exit
            self._head = stream.read1(len(stream.peek()))
            self._read = stream.raw.read

    def read(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        return data or self._read(size) or b""


class _Growing:
    """A file whose ``read`` waits at the end for more."""

    def __init__(self, path: Path, patience: float) -> None:
        self._file = path.open("rb")
        self._patience = patience
        self._ended = False

    def read(self, size: int) -> bytes:
        # FFmpeg asks again after the end
        waited = self._patience if self._ended else 0.0
        while not (data := self._file.read(size)) and waited < self._patience:
            time.sleep(min(_POLL, self._patience))
            waited += _POLL
        self._ended = not data
        return data


def _opened(stream: _Bytes, name: str, settings: LiveSettings) -> InputContainer:
    # nothing that the bytes may name can be opened
    options = {"max_pixels": str(settings.max_pixels), "protocol_whitelist": "none"}
    try:
        container: InputContainer = av.open(stream, "r", options=options, **TOLERANT)
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            f"{name!r} cannot be read as it comes: {why(error)}; MPEG-TS, Matroska, FLV, "
            "fragmented MP4 and raw H.264 can"
        ) from error
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{name!r} is not a video but {container.format.long_name!r}")
    return container
