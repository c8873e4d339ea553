"""Checks of a source before any decoder sees it, and the videos of a folder.

In: what the user typed. Out: the path of a regular file that is no playlist, or a ``VideoError``.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from slipdetect._address import address_scheme
from slipdetect.errors import VideoError

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
