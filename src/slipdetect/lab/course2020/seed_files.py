"""The files of the 2020 course report's archives, told apart by their names.

In: archives, folders, lists. Out: pictures with their clip and number, the text of lists.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from slipdetect.errors import DataError
from slipdetect.lab.fetch.archives import (
    FREE_BYTES,
    MAX_FILES,
    MAX_RATIO,
    archive_stem,
    check_member,
    open_archive,
)

FRAMES, FLOW_U, FLOW_V = "", "_u", "_v"
MOST_BYTES = 64 << 20

_CLIP = r"(?:.*/)?(?P<clip>[^/]+)"
_FRAME = re.compile(_CLIP + r"/frame_(?P<number>[0-9]{1,9})\.jpe?g", re.IGNORECASE)
_FLOW = re.compile(_CLIP + r"(?P<kind>_[uv])/(?P<number>[0-9]{1,9})\.jpe?g", re.IGNORECASE)


@dataclass(frozen=True)
class Picture:
    """A frame or a component of a flow, as its name tells.

    Attributes:
        clip: The clip.
        kind: ``FRAMES``, ``FLOW_U`` or ``FLOW_V``.
        number: From 1.
        action: The folder above that of the clip; empty where there is none.
    """

    clip: str
    kind: str
    number: int
    action: str

    @classmethod
    def of(cls, name: str) -> Picture | None:
        """Return what a file is by its name, or None for any other file."""
        found = _FRAME.fullmatch(name) or _FLOW.fullmatch(name)
        if found is None:
            return None
        kind = (found.groupdict().get("kind") or FRAMES).lower()
        action = PurePosixPath(name).parent.parent.name
        return cls(found["clip"], kind, int(found["number"]), action)

    @property
    def target(self) -> str:
        """Its path in a store."""
        name = f"frame_{self.number:06d}" if self.kind == FRAMES else f"{self.number:06d}"
        return f"{self.clip}{self.kind}/{name}.jpg"


@dataclass(frozen=True)
class CourseFile:
    """A file of an archive.

    Attributes:
        name: Its name there, with slashes.
        source: The archive.
        stream: Its content; read it before the next file comes.
    """

    name: str
    source: Path
    stream: IO[bytes]

    @property
    def is_list(self) -> bool:
        """It may be a list of clips, by its name."""
        name = PurePosixPath(self.name).name
        return name.lower().endswith(".txt") and not name.startswith(".")

    def read(self) -> bytes:
        """Return its content.

        Raises:
            DataError: It is larger than a picture or a list can be, or damaged.
        """
        data = self.stream.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise DataError(
                f"{self.name[:80]!r} in {str(self.source)!r} is larger than {MOST_BYTES >> 20} MiB,"
                " so no picture and no list; take it out"
            )
        return data


def source_bytes(source: Path) -> int:
    """Return the size of an archive, list or folder with all that is in it.

    Raises:
        DataError: It is none of these, or an archive of a kind that is not read.
    """
    if source.is_dir():
        return sum(path.stat().st_size for path in _files(source))
    if not source.is_file():
        raise DataError(f"{str(source)!r} was not found; check the path")
    if source.suffix.lower() != ".txt" and archive_stem(source.name) is None:
        raise DataError(
            f"{str(source)!r} is no archive (.zip, .tar), folder or list (.txt); name what holds"
            " the frames or the flow"
        )
    return source.stat().st_size


def seed_files(source: Path) -> Iterator[CourseFile]:
    """Yield the files of an archive, of a folder, or the one list that ``source`` is.

    Raises:
        DataError: It is damaged, encrypted, holds links or names that lead out, or unpacks to
            more than archives of pictures do.
    """
    if source.is_dir():
        for path in _files(source):
            with _opened(path) as stream:
                yield CourseFile(path.relative_to(source).as_posix(), source, stream)
    elif source.suffix.lower() == ".txt":
        with _opened(source) as stream:
            yield CourseFile(source.name, source, stream)
    else:
        yield from _archived(source)


def read_limit(source: Path) -> int:
    """Return the most bytes that are read of a source; archives of pictures hardly shrink."""
    size = source_bytes(source)
    return size if source.is_dir() else FREE_BYTES + MAX_RATIO * size


def _archived(source: Path) -> Iterator[CourseFile]:
    with open_archive(source) as members:
        for count, (name, stream) in enumerate(members):
            if count >= MAX_FILES:
                raise DataError(f"{str(source)!r} holds more than {MAX_FILES} files; unpack it")
            check_member(name, source)
            with stream:
                yield CourseFile(name.replace("\\", "/"), source, stream)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; hidden ones may be what is being written."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not name.startswith("."):
                yield path


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check it") from error
