"""What the user wants extracted, as single videos; a million of a list take no memory.

In: files, folders, patterns, lists. Out: one path after the other, each video once.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from slipdetect._io import exists
from slipdetect._tables import Line, opened_lines, text_lines
from slipdetect.cli.sources import LIST_SUFFIXES, expand, not_a_video, path_column
from slipdetect.errors import DataError
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.video import VIDEO_SUFFIXES
from slipdetect.video.reader import check_source

_NUMBERED = re.compile(r"(.+?)\s+\d+(?:\s+-?\d+)?")
_SUFFIXES = ("", *sorted(VIDEO_SUFFIXES), *sorted(suffix.upper() for suffix in VIDEO_SUFFIXES))


def resolve_sources(sources: Sequence[str], root: Path | None = None) -> Iterator[Path]:
    """Yield the videos that ``sources`` mean, in order, links and repeats of one file once.

    A source means what it means to ``detect``: a folder the videos in it, ``@FILE`` those of a list
    and ``-`` those of one on standard input; see ``_listed`` for what lists may hold. A file of the
    very name wins over what the name could mean otherwise. Single files are yielded unseen: the
    reader says best what is wrong with them.

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
    if source == "-" and not exists(source):
        where = "the list standard input"
        yield from _listed(text_lines(sys.stdin.buffer, where), where, root or Path())
    elif source.startswith("@") and not exists(source):
        path = Path(source[1:])
        where, is_table = f"the list {str(path)!r}", path.suffix.lower() == ".csv"
        with opened_lines(path, where) as lines:
            yield from _listed(lines, where, root or path.parent, is_table)
    elif not source or "\0" in source or ("://" in source and not exists(source)):
        yield check_source(source)
    elif Path(source).suffix.lower() in LIST_SUFFIXES:
        raise not_a_video(source)
    else:
        for job in expand([source]):
            if job.error is not None:
                raise job.error
            yield Path(job.source)


def _listed(
    lines: Iterator[Line], where: str, root: Path, is_table: bool = False
) -> Iterator[Path]:
    """Yield the videos that a list names, in order; the files need not exist.

    A ``.csv`` has a header with the column ``path``; other columns are ignored. In every
    other list a line is a path, spaces included, except that one or two whole numbers at its end
    are taken for the label, or for frames and label (``Class/v_x.mp4 1``,
    ``Class/v_x\\t\\t120\\t0``), unless a file has the whole line as its name. A numbered entry
    that names no file may lack its suffix, its first folder or both, as in lists of extracted
    frames. Space around a line, empty lines and lines that begin with ``#`` are left out. Entries
    are relative to ``root`` and stay in it, links followed.
    """
    folder = Enclosure(root)
    texts = (text for _, text in lines)
    entries = path_column(texts, where) if is_table else _plain(lines, where, folder)
    empty = True
    for number, entry in entries:
        empty = False
        yield folder.path(entry, f"{where} line {number}")
    if empty:
        raise DataError(f"{where} names no video; write one path a line")


def _plain(lines: Iterator[Line], where: str, folder: Enclosure) -> Iterator[Line]:
    for number, text in lines:
        line = text.strip()
        if line and not line.startswith("#"):
            numbered = _NUMBERED.fullmatch(line)
            if numbered is not None and not _is_file(folder, line):
                # checked before any other name is made of it
                folder.path(numbered[1], f"{where} line {number}")
                line = file_of(numbered[1], folder)
            yield number, line


def file_of(entry: str, folder: Enclosure) -> str:
    """Return the name of the video that ``entry`` means, or ``entry`` where there is none.

    It may lack its suffix, its first folder or both. ``entry`` must be known to stay inside.
    """
    for name in (entry, entry.partition("/")[2]):
        for suffix in _SUFFIXES:
            if name and _is_file(folder, name + suffix):
                return name + suffix
    return entry


def _is_file(folder: Enclosure, name: str) -> bool:
    # Path.is_file raises on names that are too long
    return os.path.isfile(folder.root / name)  # noqa: PTH113
