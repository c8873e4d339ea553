"""Live sources that are bytes: a pipe, and a file that is still being written."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from slipdetect.errors import VideoError
from slipdetect.video.containers import REFUSED_FORMATS, open_bytes, repacked
from slipdetect.video.live.sources import LiveSettings, why
from slipdetect.video.multipart import Bytes
from slipdetect.video.reader import check_source

_POLL = 0.1


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

    It has come to its end when nothing was added for ``read_timeout`` seconds.

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
        return _opened(_Growing(self._path, settings.read_timeout), self.name, settings)

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
        # None: whoever made the pipe lets nobody wait in it
        while not data and (more := self._read(size)) != b"":
            data = more or b""
            if not data:
                time.sleep(_POLL)
        return data


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


def _opened(stream: Bytes, name: str, settings: LiveSettings) -> InputContainer:
    try:
        container = open_bytes(repacked(stream), settings.max_pixels)
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            f"{name!r} cannot be read as it comes: {why(error)}; MPEG-TS, Matroska, FLV, "
            "fragmented MP4 and raw H.264 can"
        ) from error
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{name!r} is not a video but {container.format.long_name!r}")
    return container
