"""Opening a video, and checking first what was named; only ``open_video`` loads a video library.

In: what the user typed. Out: a ``Video`` with its first frame decoded, or a ``VideoError``.
Nothing but ``open_video`` loads a video library.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._address import address_scheme
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.named_time import name_pattern, time_in_name
from slipdetect.video.playlist import is_playlist, read_playlist

if TYPE_CHECKING:
    from slipdetect.video.video import Video

_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"v=0")
_SNIFFED = 64
_MANIFEST = b'{\n"format": "slipdetect extraction"'


def check_source(source: str | os.PathLike[str]) -> Path:
    """Return ``source`` as the path of a non-empty regular file that may be a video.

    Raises:
        VideoError: It is missing, a folder, a device, empty, unreadable, a playlist or an address.
    """
    path = _regular_file(os.fspath(source))
    start = first_bytes(path, _SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
    # a decoder would open the files that it names without asking
    if start.startswith(_PLAYLISTS):
        raise VideoError(
            f"{str(path)!r} is a playlist that points to other files, not a video;"
            " give the video itself, or name it .ffconcat or .m3u8 to have its files joined"
        )
    return path


def _regular_file(text: str) -> Path:
    if not text:
        raise VideoError("no video was named: the file name is empty; give the path of a video")
    scheme = address_scheme(text) if "://" in text else None
    if scheme is not None:
        # The rest of an address may hold a password, so it is not repeated.
        raise VideoError(
            f"a {scheme}:// address is a live source, not a file; Detector.iter_events() takes"
            " it, and slipdetect watch; all else needs a recording"
        )
    if "\0" in text:
        raise VideoError(f"{text!r} is not a file name: it holds a NUL character; check the list")
    path = Path(text)
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
    return path


def first_bytes(path: Path, size: int) -> bytes:
    """Return the first bytes of a file.

    Raises:
        VideoError: The file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise VideoError(
            f"{str(path)!r} cannot be read: {error.strerror}; check its permissions"
        ) from error


DEFAULT_MAX_PIXELS = 64_000_000


def is_stored_video(path: Path) -> bool:
    """Tell whether a file is the manifest of a stored video.

    Raises:
        VideoError: It cannot be read.
    """
    return path.suffix == ".json" and first_bytes(path, len(_MANIFEST)) == _MANIFEST


def recorded_bytes(path: Path) -> int:
    """Return the bytes of a recording: those of its file, or of a stored video's pictures.

    Raises:
        VideoError: It cannot be read.
    """
    try:
        if not is_stored_video(path):
            return path.stat().st_size
        return sum(file.stat().st_size for file in path.with_suffix("").glob("frame_*.jpg"))
    except OSError as error:
        raise VideoError(f"{str(path)!r} cannot be read: {error.strerror}; check it") from error


def open_video(
    source: str | os.PathLike[str],
    *,
    stream: int | None = None,
    frame_rate: float | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    max_duration: float | None = None,
    pieces: Mapping[str, Sequence[str]] | None = None,
    time_from_name: str | None = None,
) -> Video:
    """Open a video file and decode its first frame.

    Args:
        source: Path of the file, of the manifest of a video stored as pictures, of a playlist
            (``.ffconcat``, ``.m3u8``) of local files, or a name in ``pieces``.
        stream: Which video stream, from 0, cover pictures not counted; None is the first.
        frame_rate: Ignore the file's timestamps and show frame i at i / frame_rate seconds.
        max_pixels: Refuse frames with more pixels than this.
        max_duration: Stop before this time, in seconds.
        pieces: Files, in order, of each recording that is in several, by the name of the source.
        time_from_name: How the names of files say when recordings began, such as
            ``%Y%m%d-%H%M%S``; see ``name_pattern``.

    Raises:
        VideoError: The source is missing, no video, too large or has no frame to decode.
        UsageError: A parameter makes no sense.
    """
    from slipdetect.video.containers import open_container
    from slipdetect.video.joined import JoinedVideo
    from slipdetect.video.timing import MAX_FRAME_RATE, MIN_FRAME_RATE
    from slipdetect.video.video import Video

    if frame_rate is not None and not MIN_FRAME_RATE <= frame_rate <= MAX_FRAME_RATE:
        raise UsageError(
            f"frame rate must be {MIN_FRAME_RATE:g} to {MAX_FRAME_RATE:g}, not {frame_rate!r}"
        )
    if max_duration is not None and not max_duration > 0:
        raise UsageError(f"maximal duration must be more than 0 seconds, not {max_duration!r}")
    name = os.fspath(source)
    files: Sequence[str | Path] | None = None if pieces is None else pieces.get(name)
    if files is None and is_playlist(name):
        files = read_playlist(_regular_file(name))
    if time_from_name is not None:
        name_pattern(time_from_name)

    def open_file(name: str, max_duration: float | None) -> Video:
        path = check_source(name)
        if is_stored_video(path):
            from slipdetect.video.stored_pictures import StoredPictures

            video: Video = StoredPictures(path, frame_rate, max_pixels, max_duration)
        else:
            container = open_container(path, max_pixels)
            try:
                video = Video(container, name, stream, frame_rate, max_pixels, max_duration)
            except BaseException:
                container.close()
                raise
        return video if time_from_name is None else _timed_by_name(video, time_from_name)

    if files is None:
        return open_file(name, max_duration)
    paths = [Path(file) for file in files]
    return JoinedVideo(name, paths, lambda path: open_file(str(path), None), max_duration)


def _timed_by_name(video: Video, pattern: str) -> Video:
    """Return a video that began when its name says so."""
    began = time_in_name(pattern, Path(video.info.source))
    if began is None:
        video.report.warn(
            f"its name has no time like {pattern!r} (time_from_name), so when it began is not told"
        )
    video.info = replace(video.info, started=began)
    return video
