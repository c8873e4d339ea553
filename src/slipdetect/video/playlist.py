"""Playlists of local files: the pieces of one recording, in order.

In: an ``.ffconcat`` or ``.m3u8`` file that the user named. Out: the files that it names, all in its
own folder or below.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

from slipdetect._address import address_scheme
from slipdetect.errors import VideoError

_MOST_BYTES = 16_000_000  # a million names
_MOST_SHOWN = 80  # characters of what is no name
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_NO_PART = {"duration", "file_packet_metadata", "file_packet_meta", "ffconcat"}
# tags of HTTP live streaming with which a file by itself is not what is to be played
_REFUSED_TAGS = {
    "#EXT-X-MAP": "pieces that cannot be read without a head that they share",
    "#EXT-X-BYTERANGE": "parts of files",
    "#EXT-X-STREAM-INF": "other playlists",
    "#EXT-X-I-FRAME-STREAM-INF": "other playlists",
}


def is_playlist(source: str) -> bool:
    """Return whether a file is a playlist by its name; one under another name is never read."""
    return address_scheme(source) is None and Path(source).suffix.lower() in _READERS


def read_playlist(path: Path) -> list[Path]:
    """Return the files that a playlist names; each must be there and in its folder or below.

    Raises:
        VideoError: It cannot be read, names no file, or something that is no such file.
    """
    where = f"the playlist {str(path)!r}"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise VideoError(f"{where} cannot be read: {error.strerror}; check it") from error
    except UnicodeDecodeError as error:
        raise VideoError(f"{where} is not UTF-8 text; save it as UTF-8") from error
    if len(data) > _MOST_BYTES:
        raise VideoError(f"{where} is larger than {_MOST_BYTES / 1e6:g} MB; divide it")
    files = [
        _inside(name, path.parent, f"{where} line {number}")
        for number, name in _READERS[path.suffix.lower()](text, where)
    ]
    if not files:
        raise VideoError(f"{where} names no file; write its files into it")
    return files


def _inside(name: str, folder: Path, where: str) -> Path:
    if _SCHEME.match(name):
        raise VideoError(f"{where}: an address is no file on this machine; name files only")
    try:
        path = folder / name
        if not path.is_file() and "%" in name:  # as in addresses
            path = folder / unquote(name)
        if not path.resolve().is_relative_to(folder.resolve()):
            raise VideoError(
                f"{where}: {name!r} is not in the folder of the playlist; put the playlist above"
                " all its files, or name them with --join"
            )
        if not path.is_file():
            raise VideoError(f"{where}: {name!r} was not found; check the path")
    except (OSError, ValueError) as error:  # too long, not allowed, or with a NUL
        raise VideoError(
            f"{where}: {name[:_MOST_SHOWN]!r} is no name of a file that can be read;"
            " check the playlist"
        ) from error
    return path


def _ffconcat(text: str, where: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            words = shlex.split(line)
        except ValueError as error:
            raise VideoError(f"{where} line {number}: a quote is not closed; close it") from error
        if words[0] == "file" and len(words) == 2:
            yield number, words[1].removeprefix("file:")
        elif words[0] not in _NO_PART:
            raise VideoError(
                f"{where} line {number}: {words[0]!r} is not supported; name whole files"
            )


def _m3u8(text: str, where: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), 1):
        name = line.strip()
        tag, _, value = name.partition(":")
        what = _REFUSED_TAGS.get(tag)
        if tag == "#EXT-X-KEY" and "METHOD=NONE" not in value:
            what = "encrypted files"
        if what is not None:
            raise VideoError(f"{where} line {number} names {what}, which is not supported")
        if name and not name.startswith("#"):
            yield number, name


_READERS: dict[str, Callable[[str, str], Iterator[tuple[int, str]]]] = {
    ".ffconcat": _ffconcat,
    ".m3u8": _m3u8,
    ".m3u": _m3u8,
}
