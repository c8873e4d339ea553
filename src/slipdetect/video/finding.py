"""The videos of a folder, by their content where the name does not tell.

A video library is loaded only for files whose name and first bytes say nothing.

In: a folder. Out: the videos below it, and what was passed by. A video library is loaded only for
files whose name and first bytes say nothing.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import islice
from mimetypes import MimeTypes
from pathlib import Path
from stat import S_ISDIR

from slipdetect._text import printable
from slipdetect.errors import VideoError
from slipdetect.video.multipart import SNIFFED, is_multipart

logger = logging.getLogger(__name__)

# taken unseen, so that a damaged one is an error; any other file is a video if its content is
VIDEO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("264", "265", "3gp", "asf", "avi", "dav", "flv", "h264", "h265", "hevc", "m2t", "m2ts"),
        *("m4v", "mjpeg", "mjpg", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "mxf", "ogv", "ts"),
        *("vob", "webm", "wmv"),
    )
)
# small copies that action cameras and drones keep beside each recording
_PREVIEW_SUFFIXES = frozenset({".lrf", ".lrv"})

# kinds of files that are not looked into
_ARCHIVE = "application/zip"
_NO_VIDEO = ("text/", "image/", _ARCHIVE, "application/x-tar", "application/x-gtar")
_RUN = 3  # JPEGs one behind the other; phones put a second one behind a picture
_BLANK = frozenset(b"\t\n\r\f\x1b")
_NAMED = 3


@dataclass
class Found:
    """What lies below a folder, each list sorted.

    Attributes:
        videos: Videos.
        others: Files that are something else: text, pictures, archives, and what is called like
            sound or a document and has no video in it.
        unknown: Files that can be read as nothing that has video.
    """

    videos: list[Path] = field(default_factory=list)
    others: list[Path] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)

    @property
    def passed_by(self) -> list[Path]:
        """All files that are no videos."""
        return sorted(self.others + self.unknown)


def find_videos(path: Path) -> list[Path]:
    """Return ``path`` itself if it is a file, or all videos below it, sorted.

    What is passed by is logged: files that nobody could expect to be videos as information, others
    as a warning. Otherwise as ``search_folder``.

    Raises:
        VideoError: ``path`` does not exist or cannot be looked at.
    """
    path = Path(path)
    try:
        is_folder = S_ISDIR(path.stat().st_mode)
    except FileNotFoundError as error:
        raise VideoError(f"{str(path)!r} was not found; check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{str(path)!r} cannot be read: {reason}; check the path") from error
    if not is_folder:
        return [path]
    found = search_folder(path)
    for level, files, what in (
        (logging.INFO, found.others, "no videos"),
        (logging.WARNING, found.unknown, "no videos that can be read"),
    ):
        if files:
            logger.log(level, "%r: passed by %s", str(path), passed_by(files, what, path))
    return found.videos


def search_folder(folder: Path) -> Found:
    """Return the videos below a folder, and what is none.

    Names that begin with a dot are left out, because unfinished downloads and our own temporary
    files carry them. Links to folders are not followed.
    """
    found = Found()

    def note(error: OSError) -> None:
        found.unknown.append(Path(error.filename))

    for place, _, names in os.walk(folder, onerror=note):
        for name in names:
            path = Path(place, name)
            if not name.startswith(".") and _may_be_file(path):
                _list_of(path, found).append(path)
    for each in (found.videos, found.others, found.unknown):
        each.sort()
    return found


def _may_be_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # whoever reads it says why that cannot be
        return True


def is_video_file(path: Path) -> bool:
    """Return whether a regular file is a video by its name or its content."""
    found = Found()
    return _list_of(path, found) is found.videos


def passed_by(files: Sequence[Path], what: str, folder: Path) -> str:
    """Return how many files are ``what``, and the names of a few."""
    names = [repr(printable(str(path.relative_to(folder)))) for path in files[:_NAMED]]
    more = [f"{len(files) - _NAMED} more"] if len(files) > _NAMED else []
    many = "1 file that is" if len(files) == 1 else f"{len(files)} files that are"
    what = what.replace("no videos", "no video") if len(files) == 1 else what
    return f"{many} {what}: {', '.join(names + more)}"


def is_text(first: bytes) -> bool:
    """Return whether a file begins as text and not as a video."""
    # two kinds of videos begin as text does
    if first.startswith(b"YUV4MPEG2") or is_multipart(first):
        return False
    return not any(byte < 32 and byte not in _BLANK for byte in first)


def _list_of(path: Path, found: Found) -> list[Path]:
    suffix = path.suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return found.videos
    kind = _kind(suffix)
    if suffix in _PREVIEW_SUFFIXES or kind.startswith(_NO_VIDEO):
        return found.others
    try:
        with path.open("rb") as file:
            first = file.read(SNIFFED)
        status = path.stat()
    except OSError:
        return found.unknown
    if is_text(first):  # an empty file too
        return found.others
    if _has_video(path, status.st_size, status.st_mtime_ns, is_multipart(first)):
        return found.videos
    return found.others if kind else found.unknown


@cache
def _kind(suffix: str) -> str:
    """Return what Python, and not this machine, takes a suffix for; nothing where that may be all.

    What is called like sound, a document or a program may still be a video: recorders and old
    servers have names of their own.
    """
    kind, packed = MimeTypes().guess_type(f"file{suffix}")
    if packed is not None:
        return _ARCHIVE
    if kind is None or kind.startswith("video/") or "octet-stream" in kind:
        return ""
    return kind


@lru_cache(maxsize=4096)
def _has_video(path: Path, size: int, changed: int, multipart: bool) -> bool:
    """Return whether FFmpeg finds a video in a file of a size, last changed at a time."""
    import av

    from slipdetect.video.containers import open_container
    from slipdetect.video.reader import DEFAULT_MAX_PIXELS, check_source
    from slipdetect.video.video import video_streams

    try:
        # FFmpeg would open what a playlist names
        with open_container(check_source(path), DEFAULT_MAX_PIXELS) as container:
            name = container.format.name
            if name == "jpeg_pipe":  # a thumbnail, such as recorders keep, or a run of pictures
                packets = islice(container.demux(), _RUN)
                return sum(packet.size > 0 for packet in packets) == _RUN
            # other single pictures; and what FFmpeg takes for a run where JPEGs are anywhere inside
            if name.endswith("_pipe") or (name == "mjpeg" and not multipart):
                return False
            return any(stream.codec_context.width > 0 for stream in video_streams(container))
    except (
        VideoError,
        av.FFmpegError,
        AttributeError,
    ):  # a stream without a decoder has no context
        return False
