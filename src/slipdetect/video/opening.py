"""Opening a file with PyAV: choosing the stream, checking the header, naming what is wrong.

In: a checked path. Out: an open container and its video stream, or a one-line ``VideoError``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect._address import address_scheme
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.decoder import plausible_rate

VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3gp", "asf", "avi", "flv", "h264", "h265", "hevc", "m2ts", "m4v", "mkv", "mov", "mp4"),
        *("mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv"),
    )
)

_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"v=0")
_SNIFFED = 64


def check_source(source: str | os.PathLike[str]) -> Path:
    """Return ``source`` as the path of a non-empty regular file that may be a video.

    Raises:
        VideoError: It is missing, a folder, a device, empty, unreadable, a playlist or an address.
    """
    text = os.fspath(source)
    if not text:
        raise VideoError("no video was named: the file name is empty; give the path of a video")
    scheme = address_scheme(text)
    if scheme is not None:
        # The rest of an address may hold a password, so it is not repeated.
        raise VideoError(
            f"a {scheme}:// address is a live source, not a file; Detector.iter_events() takes"
            " it, and the command line as the only source; all else needs a recording"
        )
    if "\0" in text:
        raise VideoError(f"{text!r} is not a file name: it holds a NUL character; check the list")
    path = Path(text)
    _check_kind(path)
    _check_start(path)
    return path


def _check_kind(path: Path) -> None:
    name = repr(str(path))
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise VideoError(f"{name} was not found; check the path") from error
    except OSError as error:
        raise VideoError(f"{name} cannot be read: {error.strerror}; check the path") from error
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{name} is a directory, not a video; give a file in it")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(
            f"{name} is not a regular file but a device, pipe or socket; copy it first"
        )
    if status.st_size == 0:
        raise VideoError(f"{name} is an empty file (0 bytes); copy or record it again")


def _check_start(path: Path) -> None:
    """Refuse files that name other files, which a decoder would open without asking."""
    start = first_bytes(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_PLAYLISTS):
        raise VideoError(
            f"{str(path)!r} is a playlist that points to other files, not a video;"
            " give the video itself"
        )


def first_bytes(path: Path) -> bytes:
    """Return the first bytes of a file.

    Raises:
        VideoError: The file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(_SNIFFED)
    except OSError as error:
        raise VideoError(
            f"{str(path)!r} cannot be read: {error.strerror}; check its permissions"
        ) from error


def find_videos(path: Path) -> list[Path]:
    """Return ``path`` itself if it is a file, or all videos below it, sorted.

    Videos are told by their suffix; names that begin with a dot are left out, because unfinished
    downloads and our own temporary files carry them. Links to folders are not followed.

    Raises:
        VideoError: ``path`` does not exist.
    """
    path = Path(path)
    if not path.exists():
        raise VideoError(f"{str(path)!r} was not found; check the path")
    if not path.is_dir():
        return [path]
    found = []
    for folder, _, names in os.walk(path):
        for name in names:
            candidate = Path(folder, name)
            if candidate.suffix.lower() in VIDEO_SUFFIXES and not name.startswith("."):
                found.append(candidate)
    return sorted(video for video in found if video.is_file())


# PyAV 19 bears texts that are no UTF-8, and no longer takes the argument that asks for it.
TOLERANT: dict[str, Any] = (
    {"metadata_errors": "replace"} if int(av.__version__.partition(".")[0]) < 19 else {}
)

# Formats that open other files by name, or draw text; none of them is a recording.
REFUSED_FORMATS = frozenset({"hls", "concat", "dash", "imf", "sdp", "tty", "image2"})
_INCOMPLETE = "the file is incomplete; copy it again or repair it"


def open_container(path: Path, max_pixels: int) -> InputContainer:
    """Open ``path`` for reading.

    Args:
        path: A regular file.
        max_pixels: Pixels of one frame that decoders may allocate while probing.

    Raises:
        VideoError: The file is no video or damaged beyond opening.
    """
    try:
        # The prefix keeps names like "concat:a.mp4" from being taken for protocols.
        container: InputContainer = av.open(
            f"file:{path}",
            options={"max_pixels": str(max_pixels), "protocol_whitelist": "file"},
            **TOLERANT,
        )
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(_why_unreadable(path, error)) from error
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{str(path)!r} is not a video but {container.format.long_name!r}")
    return container


def _why_unreadable(path: Path, error: Exception) -> str:
    name = repr(str(path))
    if isinstance(error, av.error.EOFError):
        return f"{name} cannot be read: {_INCOMPLETE}"
    if isinstance(error, av.error.InvalidDataError):
        if first_bytes(path)[4:8] == b"ftyp":
            return f"{name} cannot be read: {_INCOMPLETE} (it has no usable index)"
        return f"{name} is not a video that can be read; check that it plays elsewhere"
    reason = getattr(error, "strerror", None)
    return f"{name} cannot be read: {reason if reason is not None else error}; copy it again"


def video_streams(container: InputContainer) -> list[VideoStream]:
    """Return the video streams of a container without attached pictures such as covers."""
    attached = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & attached]


def choose_stream(container: InputContainer, path: Path | str, number: int | None) -> VideoStream:
    """Return video stream ``number`` (None: the first), counted without cover pictures.

    Raises:
        VideoError: The file has no such stream, or no decoder for it.
        UsageError: ``number`` is negative.
    """
    name = repr(str(path))
    wanted = 0 if number is None else number
    if wanted < 0:
        raise UsageError(f"video stream numbers begin at 0, not {wanted}")
    streams = video_streams(container)
    if not streams:
        if container.streams.audio:
            raise VideoError(f"{name} has no video stream (audio only); give a file with pictures")
        raise VideoError(f"{name} has no video frames; record or copy it again")
    if wanted >= len(streams):
        last = len(streams) - 1
        raise VideoError(f"{name} has no video stream {wanted}; its streams are 0 to {last}")
    stream = streams[wanted]
    # The attribute is missing in PyAV's types: streams without a decoder have no context.
    if getattr(stream, "codec_context", None) is None:
        raise VideoError(f"{name} has a video codec that is not supported; convert it to H.264")
    return stream


def prepare_stream(stream: VideoStream, path: Path | str, max_pixels: int) -> None:
    """Check the frame size in the header and set up the decoder, before anything is decoded.

    Raises:
        VideoError: Frames are larger than ``max_pixels``.
    """
    context = stream.codec_context
    pixels = context.width * context.height
    if pixels > max_pixels:
        raise VideoError(
            f"{str(path)!r} has frames of {context.width}x{context.height} pixels, more than the"
            f" limit of {max_pixels / 1e6:g} million; raise it with --max-pixels if you trust it"
        )
    # A header may lie about the size, so the decoder gets the limit too.
    context.options = {"max_pixels": str(max_pixels)}
    context.thread_type = "AUTO"


def header_duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Return the duration in seconds that the header promises for a stream, or None."""
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / 1_000_000
        if container.start_time is not None and _ends_absolute(container):
            seconds -= container.start_time / 1_000_000
    else:
        return None
    return seconds if seconds > 0 else None


def _ends_absolute(container: InputContainer) -> bool:
    """Matroska stores the time of the end, counted from 0 and not from the first frame."""
    return "matroska" in container.format.name


def header_rate(stream: VideoStream) -> float | None:
    """Return the header's frames per second if plausible."""
    average = plausible_rate(stream.average_rate)
    return average if average is not None else plausible_rate(stream.guessed_rate)
