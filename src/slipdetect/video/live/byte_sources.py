"""Live sources that are bytes: a pipe, and a file that is still being written.

In: a stream or a path. Out: ``LiveSource``s.
"""

from __future__ import annotations

import io
import select
import time
from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer

from slipdetect.errors import VideoError
from slipdetect.video.containers import checked, open_bytes, repacked
from slipdetect.video.live.sources import LiveSettings, LiveSource, why
from slipdetect.video.multipart import Bytes
from slipdetect.video.reader import check_source

_POLL = 0.1


class _ByteSource(LiveSource):
    """Bytes that are read from their beginning on, and stay where they are while nobody does."""

    again = False

    def open(self, settings: LiveSettings) -> InputContainer:
        try:
            container = open_bytes(repacked(self._bytes(settings)), settings.max_pixels)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise VideoError(
                f"{self.name!r} cannot be read as it comes: {why(error)}; MPEG-TS, Matroska, FLV, "
                "fragmented MP4 and raw H.264 can"
            ) from error
        return checked(container, self.name)

    def waits(self, container: InputContainer) -> bool:
        return True

    @abstractmethod
    def _bytes(self, settings: LiveSettings) -> Bytes:
        """Return what is read."""


class PipeSource(_ByteSource):
    """Video on a pipe; whoever writes it waits when detection is slower.

    Args:
        stream: Read to its end.
        name: What it is called.
    """

    def __init__(self, stream: BinaryIO, name: str = "standard input") -> None:
        self.name = name
        self._stream = stream

    def _bytes(self, settings: LiveSettings) -> Bytes:
        return _Some(self._stream)


class FollowedFile(_ByteSource):
    """A file that is still being written: what is there, then what is added.

    It has come to its end when nothing was added for ``read_timeout`` seconds.

    Args:
        path: The file, which must be there.

    Raises:
        VideoError: It is missing, empty, or no file that may be a video.
    """

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = check_source(path)

    def _bytes(self, settings: LiveSettings) -> Bytes:
        return _Growing(self._path, settings.read_timeout)


class _Some:
    """A stream whose ``read`` does not wait until it has all that was asked for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read: Callable[[int], bytes | None] = stream.read
        self._head = b""
        self._stream = stream
        if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
            # a thread that waits inside a buffered reader makes Python abort at its exit
            self._head = stream.read1(len(stream.peek()))
            self._read = stream.raw.read

    def read(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        while not data and (more := self._read(size)) != b"":
            if more is None:  # whoever made the pipe lets nobody wait in it
                select.select([self._stream], [], [])
            data = more or b""
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
