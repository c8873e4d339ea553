"""Putting the pictures of the 2020 course report's archives into a folder, byte for byte.

In: archives and an empty folder. Out: the files of a store, and what is known of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from slipdetect.errors import DataError
from slipdetect.lab.course2020.seed_files import (
    FLOW_U,
    FLOW_V,
    FRAMES,
    CourseFile,
    Picture,
    read_limit,
    seed_files,
    source_bytes,
)
from slipdetect.lab.fetch.archives import MAX_RATIO, unwritable
from slipdetect.lab.prepare.jpeg import jpeg_size
from slipdetect.store.manifest import digest

_KEY = re.compile(r"\w[\w.-]{0,99}")
_MOST_OTHERS = 3

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Fact:
    """What is known of a picture.

    Attributes:
        bytes: Its size.
        sha256: Of its content.
        size: (width, height) in pixels, or None where it is no whole JPEG.
        source: The archive it came from.
    """

    bytes: int
    sha256: str
    size: tuple[int, int] | None
    source: Path


@dataclass
class Gathered:
    """All that was found.

    Attributes:
        clips: By clip, kind of picture and number.
        actions: By clip, the folder above its folder.
        lists: (name, content) of text files.
        others: Names of other files, the first ones.
    """

    clips: dict[str, dict[str, dict[int, Fact]]] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)
    lists: list[tuple[str, bytes]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)


def gather(sources: Sequence[Path], folder: Path, on_progress: Progress) -> Gathered:
    """Write every frame and flow of ``sources`` to its place in ``folder``, as it is.

    A picture that comes twice must be the same, so that archives may overlap.

    Args:
        sources: Archives, folders, or lists.
        folder: An empty folder.
        on_progress: Called with the bytes read and those to read, as far as they are known.

    Raises:
        DataError: An archive cannot be read, or two differ in a picture, or none holds frames.
        OutputError: The folder cannot be written.
    """
    found = Gathered()
    total, done = sum(source_bytes(source) for source in sources), 0
    for source in sources:
        left = read_limit(source)
        for file in seed_files(source):
            picture = Picture.of(file.name)
            if picture is None and not file.is_list:
                _ignore(file, found)
                continue
            data = file.read()
            left -= len(data)
            if left < 0:
                raise DataError(
                    f"{str(source)!r} unpacks to more than {MAX_RATIO} times its size, as pictures"
                    " do not; unpack it yourself if you trust it"
                )
            if picture is None:
                found.lists.append((PurePosixPath(file.name).name, data))
            else:
                _take(picture, file, data, found, folder)
            done += len(data)
            on_progress(min(done, total), total)
    _require_frames(found, sources)
    return found


def _take(picture: Picture, file: CourseFile, data: bytes, found: Gathered, folder: Path) -> None:
    if not _KEY.fullmatch(picture.clip):
        raise DataError(
            f"{str(file.source)!r} holds a clip {picture.clip[:80]!r}, a name that no list can"
            " hold; rename its folder"
        )
    clip = found.clips.setdefault(picture.clip, {FRAMES: {}, FLOW_U: {}, FLOW_V: {}})
    fact = Fact(len(data), digest(data), jpeg_size(data), file.source)
    known = clip[picture.kind].get(picture.number)
    if known is not None:
        if known.sha256 != fact.sha256:
            raise DataError(
                f"{picture.target!r} is not the same in {str(known.source)!r} and"
                f" {str(file.source)!r}; name the archives of one set only"
            )
        return
    if picture.kind == FRAMES:
        found.actions.setdefault(picture.clip, picture.action)
    clip[picture.kind][picture.number] = fact
    target = folder / picture.target
    try:
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        raise unwritable(target, error) from error


def _ignore(file: CourseFile, found: Gathered) -> None:
    if len(found.others) < _MOST_OTHERS:
        found.others.append(file.name)


def _require_frames(found: Gathered, sources: Sequence[Path]) -> None:
    if any(clip[FRAMES] for clip in found.clips.values()):
        return
    names = ", ".join(repr(str(source)) for source in sources)
    if found.clips:
        flows = len(found.clips)
        raise DataError(
            f"{names}: flow of {flows} clips and no frames; name the archive of their frames too,"
            " such as video_data_475.zip beside opt_475.zip"
        )
    seen = f"; it has files such as {', '.join(map(repr, found.others))}" if found.others else ""
    raise DataError(
        f"{names}: no NAME/frame_000001.jpg and NAME_u/000001.jpg as the 2020 report's archives"
        f" hold{seen}; for other folders of pictures use slipdetect prepare frames"
    )
