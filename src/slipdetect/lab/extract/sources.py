"""What the user wants extracted, spelled out as single videos.

In: files, folders, patterns, list files. Out: one path after the other, each video once.
"""

from __future__ import annotations

import glob
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from slipdetect.errors import DataError, VideoError
from slipdetect.lab.extract.list_files import LIST_SUFFIXES, listed
from slipdetect.video import find_videos
from slipdetect.video.opening import check_source


def resolve_sources(sources: Sequence[str], root: Path | None = None) -> Iterator[Path]:
    """Yield the videos that ``sources`` mean, in order, links and repeats of one file once.

    A folder means the videos in it, a ``.txt``, ``.lst`` or ``.csv`` the videos it lists, as do
    ``@FILE`` with any suffix and ``-`` for standard input; see ``list_files`` for what a list may
    hold. A file of the very name wins over what the name could mean otherwise. Single files are
    yielded unseen: the reader says best what is wrong with them.

    Args:
        sources: What the user named.
        root: Folder that entries of list files are relative to and stay in; the folder of each
            list when None, the working folder for standard input.

    Raises:
        VideoError: A folder or pattern leads to no video, or an address was given.
        DataError: A list cannot be read or an entry leads out of its folder.
    """
    # 16 bytes a video: names of a million would be a hundred times that
    seen: set[bytes] = set()
    for source in sources:
        for path in _resolve(source, root):
            name = os.fsencode(os.path.realpath(path))
            key = hashlib.blake2b(name, digest_size=16).digest()
            if key not in seen:
                seen.add(key)
                yield path


def _resolve(source: str, root: Path | None) -> Iterator[Path]:
    exists = os.path.exists(source)  # noqa: PTH110 - Path.exists raises on names that are too long
    if not exists and source == "-":
        yield from listed(sys.stdin.buffer, "standard input", Path() if root is None else root)
    elif not exists and source.startswith("@"):
        yield from _list_file(Path(source[1:]), root)
    elif not source or "\0" in source or ("://" in source and not exists):
        yield check_source(source)
    elif os.path.isdir(source):  # noqa: PTH112
        yield from _videos_in(source)
    elif Path(source).suffix.lower() in LIST_SUFFIXES:
        yield from _list_file(Path(source), root)
    elif not exists and glob.has_magic(source):
        yield from _matches(source, root)
    else:
        yield Path(source)


def _videos_in(folder: str) -> list[Path]:
    videos = find_videos(Path(folder))
    if not videos:
        raise VideoError(f"folder {folder!r} holds no video; give a folder with videos in it")
    return videos


def _matches(pattern: str, root: Path | None) -> Iterator[Path]:
    # Path.glob takes no absolute pattern
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    if not found:
        raise VideoError(f"{pattern!r} matches no file; check the pattern")
    for match in found:
        yield from _resolve(match, root)


def _list_file(path: Path, root: Path | None) -> Iterator[Path]:
    try:
        stream = path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read the list {str(path)!r}: {error.strerror}") from error
    with stream:
        yield from listed(stream, str(path), path.parent if root is None else root)
