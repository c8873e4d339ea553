"""What the user named on the command line, spelled out as single videos or as a live source.

In: files, folders, patterns, ``@list.txt``, ``@clips.csv``, ``-``. Out: a ``Job`` per video, or why
there is none.
"""

from __future__ import annotations

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slipdetect._io import exists
from slipdetect._tables import Line, Table, opened_lines, text_lines
from slipdetect.errors import DataError, SlipdetectError, UsageError, VideoError
from slipdetect.video.finding import find_videos, is_text
from slipdetect.video.multipart import SNIFFED

LIST_SUFFIXES = (".txt", ".lst", ".csv")  # of lists, which are not videos


@dataclass(frozen=True)
class Job:
    """One video to process, or something named that leads to none.

    Attributes:
        source: Name of the video or of what was given.
        error: Why it leads to no video.
    """

    source: str
    error: SlipdetectError | None = None


def expand(sources: Iterable[str]) -> list[Job]:
    """Return the videos that ``sources`` mean, in order; what leads nowhere becomes a failed job.

    A file of the very name wins over what the name could mean otherwise.
    """
    return [job for source in sources for job in _expand(source)]


def footage(sources: Iterable[str]) -> list[Path]:
    """Return the videos that ``sources`` mean, each once: one seen twice would count as more hours.

    Raises:
        SlipdetectError: Something named leads to no video.
    """
    found: dict[Path, Path] = {}
    for job in expand(sources):
        if job.error is not None:
            raise job.error
        found.setdefault(Path(job.source).resolve(), Path(job.source))
    return list(found.values())


def _expand(source: str) -> Iterator[Job]:
    try:
        if source == "-":
            where = "the list standard input"
            yield from _listed(text_lines(sys.stdin.buffer, where), Path(), where)
        elif source.startswith("@") and not exists(source):
            path = Path(source[1:])
            where = f"the list {str(path)!r}"
            with opened_lines(path, where) as lines:
                yield from _listed(lines, path.parent, where, path.suffix.lower() == ".csv")
        else:
            yield from map(Job, _videos(source))
    except SlipdetectError as error:
        yield Job(source, error)


def _videos(source: str) -> list[str]:
    if "://" in source or not exists(source):
        # Path.glob takes no absolute pattern; of a single name the reader says best what is wrong
        if not glob.has_magic(source):
            return [source]
        found = sorted(glob.glob(source, recursive=True))  # noqa: PTH207
        if not found:
            raise VideoError(f"{source!r} matches no file; check the pattern")
        return found
    if Path(source).suffix.lower() in LIST_SUFFIXES and Path(source).is_file():
        raise not_a_video(source, "; slipdetect evaluate compares labeled clips with their labels")
    videos = [str(path) for path in find_videos(Path(source))]
    if not videos:
        raise VideoError(
            f"folder {source!r} holds no video, -v names what is in it; give a folder with videos"
        )
    return videos


def _listed(lines: Iterator[Line], base: Path, where: str, is_table: bool = False) -> Iterator[Job]:
    """Yield the jobs of a list: a source a line, relative to ``base``, ``#`` begins a comment.

    A table has them in its column ``path``, each as often as it has events; it is taken once.
    """
    texts = (text for _, text in lines)
    if is_table:
        names = list(dict.fromkeys(name for _, name in path_column(texts, where)))
    else:
        stripped = map(str.strip, texts)
        names = [line for line in stripped if line and not line.startswith("#")]
    if not names:
        raise DataError(f"{where} names no video; write one a line")
    for name in names:
        source = name if "://" in name else str(base / name)
        try:
            yield from map(Job, _videos(source))
        except SlipdetectError as error:
            yield Job(source, error)


def path_column(lines: Iterable[str], where: str) -> Iterator[tuple[int, str]]:
    """Yield line number and path of the rows of a CSV, which has the column ``path``.

    Raises:
        DataError: It lacks the column, a row has no path, or it is not CSV.
    """
    for number, cells in Table(lines, where, ("path",)):
        if not cells["path"]:
            raise DataError(f"{where} line {number}: the path is empty; fill it in")
        yield number, cells["path"]


def not_a_video(source: str, further: str = "") -> VideoError:
    """Return the error of a list that is named as if it were a video."""
    return VideoError(
        f"{source!r} is not a video; where it lists videos, write {'@' + source!r}{further}"
    )


def names_live_source(sources: Sequence[str]) -> bool:
    """Return whether the only source is an address, a camera, or video on standard input."""
    if len(sources) != 1:
        return False
    if sources[0] == "-":
        return video_on_stdin()
    from slipdetect.video.live import is_live

    return is_live(sources[0]) and not exists(sources[0])


def video_on_stdin() -> bool:
    """Return whether standard input begins as a video and not as a list of names."""
    first = first_bytes(sys.stdin.buffer)
    # of a camera's JPEGs the first read may end before the header that tells what they are
    return first.startswith((b"--", b"HTTP/")) or not is_text(first)


def first_bytes(stream: BinaryIO) -> bytes:
    """Return the first bytes of a stream, which stay in it."""
    if isinstance(stream, io.BufferedReader):
        return stream.peek(SNIFFED)[:SNIFFED]
    if not stream.seekable():
        return b""
    place = stream.tell()
    found = stream.read(SNIFFED)
    stream.seek(place)
    return found


def address_in_variable(name: str) -> str:
    """Return the address that a variable of the environment holds, which keeps its password secret.

    Raises:
        UsageError: It holds none.
    """
    value = os.environ.get(name, "").strip()
    if not value:
        raise UsageError(f"there is no variable {name}, or it is empty; set it to the address")
    return value


def address_in_file(path: Path) -> str:
    """Return the address that is all that a text file holds.

    Raises:
        DataError: The file cannot be read, or has more lines than one.
    """
    with opened_lines(path, repr(str(path))) as lines:
        found = [text.strip() for _, text in lines if text.strip()]
    if len(found) != 1:
        raise DataError(f"{str(path)!r} must hold an address in one line; it has {len(found)}")
    return found[0]
