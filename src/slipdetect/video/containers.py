"""Opening what holds pictures: files, and bytes that come from elsewhere.

In: a path or a stream of bytes. Out: an open container of FFmpeg; JPEGs between boundaries are
repacked for it.
"""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from slipdetect.errors import VideoError
from slipdetect.video.multipart import SNIFFED, Ahead, Bytes, Pieces, Repacked, is_multipart
from slipdetect.video.timing import TOLD_OF_TIMES


def tolerant(version: str) -> dict[str, Any]:
    """Return what makes PyAV bear texts that are no UTF-8: 19 does, and takes no such argument."""
    return {"metadata_errors": "replace"} if int(version.partition(".")[0]) < 19 else {}


TOLERANT = tolerant(av.__version__)

# Formats that open other files by name, or draw text; none of them is a recording.
REFUSED_FORMATS = frozenset({"hls", "concat", "dash", "imf", "sdp", "tty", "image2"})
_INCOMPLETE = "the file is incomplete; copy it again or repair it"
# pictures and microseconds that FFmpeg looks at of what was repacked: each may be long in coming
_PROBE = {"fpsprobesize": "3", "analyzeduration": "100000"}


def pixel_limit(max_pixels: int) -> dict[str, str]:
    """Return the option by which decoders refuse larger pictures; FFmpeg knows no larger limit."""
    return {"max_pixels": str(min(max_pixels, 2**31 - 1))}


def open_container(path: Path, max_pixels: int) -> InputContainer:
    """Open ``path`` for reading.

    Args:
        path: A regular file.
        max_pixels: Pixels of one frame that decoders may allocate while probing.

    Raises:
        VideoError: The file is no video or damaged beyond opening.
    """
    try:
        file = path.open("rb")
        stream = repacked(file)
        if isinstance(stream, Repacked):
            weakref.finalize(stream, file.close)
            return open_bytes(stream, max_pixels)
        file.close()
        # The prefix keeps names like "concat:a.mp4" from being taken for protocols.
        container: InputContainer = av.open(
            f"file:{path}",
            options={**pixel_limit(max_pixels), "protocol_whitelist": "file"},
            **TOLERANT,
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise VideoError(_why_unreadable(path, error)) from error
    return checked(container, str(path))


def repacked(stream: Bytes) -> Repacked | Ahead:
    """Return the pictures of JPEGs between boundaries, and any other stream as it is."""
    ahead = Ahead(stream, SNIFFED)
    return Repacked(ahead) if is_multipart(ahead.first) else ahead


def open_bytes(stream: Repacked | Ahead, max_pixels: int) -> InputContainer:
    """Open what ``repacked`` gave; nothing that the bytes may name can be opened.

    Raises:
        av.FFmpegError: It is no video.
        ValueError: It has a name that cannot be read.
    """
    options = {**pixel_limit(max_pixels), "protocol_whitelist": "none"}
    container: InputContainer
    if not isinstance(stream, Repacked):
        container = av.open(stream, "r", options=options, **TOLERANT)
        return container
    options |= _PROBE
    container = av.open(stream, "r", format=stream.format, options=options, **TOLERANT)
    if stream.warning is not None:
        container.metadata[TOLD_OF_TIMES] = stream.warning
    return container


def fetched(container: InputContainer) -> Pieces:
    """Return the bytes behind an address, as FFmpeg fetches them.

    Args:
        container: Opened with the format ``"data"``; closed when they go.
    """
    packets = (bytes(packet) for packet in container.demux(container.streams[0]) if packet.size)
    stream = Pieces(packets)
    weakref.finalize(stream, container.close)
    return stream


def checked(container: InputContainer, name: str) -> InputContainer:
    """Return a container unless it is a list of other files, which is closed and refused."""
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{name!r} is not a video but {container.format.long_name!r}")
    return container


def _why_unreadable(path: Path, error: Exception) -> str:
    name = repr(str(path))
    if isinstance(error, av.error.EOFError):
        return f"{name} cannot be read: {_INCOMPLETE}"
    if isinstance(error, av.error.InvalidDataError):
        if _is_mp4(path):
            return f"{name} cannot be read: {_INCOMPLETE} (it has no usable index)"
        return f"{name} is not a video that can be read; check that it plays elsewhere"
    reason = getattr(error, "strerror", None)
    return f"{name} cannot be read: {reason if reason is not None else error}; copy it again"


def _is_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"
