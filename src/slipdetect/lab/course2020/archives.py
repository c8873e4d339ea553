"""The report's archives of JPEG frames and flow: files known by name, put in one folder.

In: archives, folders, lists. Out: the pictures in their places, byte for byte; what is known of
each, and which clips are whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    unwritable,
)
from slipdetect.store.manifest import digest

FRAMES, FLOW_U, FLOW_V = KINDS = ("", "_u", "_v")
NO_FLOW = "no flow"
MOST_BYTES = 64 << 20

_CLIP = r"(?:.*/)?(?P<clip>[^/]+)"
_FRAME = re.compile(_CLIP + r"/frame_(?P<number>[0-9]{1,9})\.jpe?g", re.IGNORECASE)
_FLOW = re.compile(_CLIP + r"(?P<kind>_[uv])/(?P<number>[0-9]{1,9})\.jpe?g", re.IGNORECASE)
_KEY = re.compile(r"\w[\w.-]{0,99}")
_MOST_OTHERS = 3
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # the frame headers of ITU-T T.81, B.1
_SHORTEST = 9  # bytes of a frame header up to its size

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Picture:
    """A frame or a component of a flow, by its name."""

    clip: str  # the clip
    kind: str  # FRAMES, FLOW_U or FLOW_V
    number: int  # from 1
    action: str = ""  # the folder above that of the clip; empty where there is none

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
class Fact:
    """What is known of a picture."""

    length: int  # its size in bytes
    sha256: str  # of its content
    size: tuple[int, int] | None  # (width, height) in pixels, or None where it is not a whole JPEG
    source: Path  # the archive it came from

    @classmethod
    def of(cls, data: bytes, source: Path) -> Fact:
        """Look at a picture."""
        return cls(len(data), digest(data), jpeg_size(data), source)


Facts = Mapping[int, Fact]


@dataclass
class Gathered:
    """All that was found."""

    # by clip, kind of picture and number
    clips: dict[str, dict[str, dict[int, Fact]]] = field(default_factory=dict)
    actions: dict[str, str] = field(default_factory=dict)  # by clip, the folder above its folder
    lists: list[tuple[str, bytes]] = field(default_factory=list)  # (name, content) of text files
    others: list[str] = field(default_factory=list)  # names of other files, the first ones


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
    total, done = sum(_size(source) for source in sources), 0
    for source in sources:
        # archives of pictures hardly shrink
        left = _size(source) if source.is_dir() else FREE_BYTES + MAX_RATIO * _size(source)
        for name, stream in _files(source):
            picture = Picture.of(name)
            if picture is None and not _is_list(name):
                found.others += [name] if len(found.others) < _MOST_OTHERS else []
                continue
            data = stream.read(MOST_BYTES + 1)
            if len(data) > MOST_BYTES:
                raise DataError(
                    f"{name[:80]!r} in {str(source)!r} is larger than {MOST_BYTES >> 20} MiB, so no"
                    " picture and no list; take it out"
                )
            left -= len(data)
            if left < 0:
                raise DataError(
                    f"{str(source)!r} unpacks to more than {MAX_RATIO} times its size, as pictures"
                    " do not; unpack it yourself if you trust it"
                )
            if picture is None:
                found.lists.append((PurePosixPath(name).name, data))
            else:
                _take(picture, Fact.of(data, source), data, found, folder)
            done += len(data)
            on_progress(min(done, total), total)
    _require_frames(found, sources)
    return found


def _take(picture: Picture, fact: Fact, data: bytes, found: Gathered, folder: Path) -> None:
    if not _KEY.fullmatch(picture.clip):
        raise DataError(
            f"{str(fact.source)!r} holds a clip {picture.clip[:80]!r}, a name that no list can"
            " hold; rename its folder"
        )
    clip = found.clips.setdefault(picture.clip, {kind: {} for kind in KINDS})
    known = clip[picture.kind].get(picture.number)
    if known is not None:
        if known.sha256 != fact.sha256:
            raise DataError(
                f"{picture.target!r} is not the same in {str(known.source)!r} and"
                f" {str(fact.source)!r}; name the archives of one set only"
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


def _require_frames(found: Gathered, sources: Sequence[Path]) -> None:
    if any(clip[FRAMES] for clip in found.clips.values()):
        return
    names = ", ".join(repr(str(source)) for source in sources)
    if found.clips:
        raise DataError(
            f"{names}: flow of {len(found.clips)} clips and no frames; name the archive of their"
            " frames too, such as video_data_475.zip beside opt_475.zip"
        )
    seen = f"; it has files such as {', '.join(map(repr, found.others))}" if found.others else ""
    raise DataError(
        f"{names}: no NAME/frame_000001.jpg and NAME_u/000001.jpg as the 2020 report's archives"
        f" hold{seen}; for other folders of pictures use slipdetect prepare frames"
    )


def _size(source: Path) -> int:
    """Return the bytes of an archive, a list, or a folder with all that is in it.

    Raises:
        DataError: It is none of these, or an archive of a kind that is not read.
    """
    if source.is_dir():
        return sum(path.stat().st_size for path in _below(source))
    if not source.is_file():
        raise DataError(f"{str(source)!r} was not found; check the path")
    if source.suffix.lower() != ".txt" and archive_stem(source.name) is None:
        raise DataError(
            f"{str(source)!r} is not an archive (.zip, .tar), folder or list (.txt); name what"
            " holds the frames or the flow"
        )
    return source.stat().st_size


def _files(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of the files of a source; read each before the next one comes.

    Raises:
        DataError: It is damaged, encrypted, holds links or names that lead out, or more files than
            archives of pictures do.
    """
    if source.is_dir() or source.suffix.lower() == ".txt":
        for path in _below(source) if source.is_dir() else [source]:
            try:
                file = path.open("rb")
            except OSError as error:
                raise DataError(f"cannot read {str(path)!r}: {error.strerror}; check it") from error
            with file:
                yield (
                    path.relative_to(source if source.is_dir() else source.parent).as_posix(),
                    file,
                )
        return
    with open_archive(source) as members:
        for count, (name, stream) in enumerate(members):
            if count >= MAX_FILES:
                raise DataError(f"{str(source)!r} holds more than {MAX_FILES} files; unpack it")
            check_member(name, source)
            with stream:
                yield name.replace("\\", "/"), stream


def _below(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder; hidden ones may be what is being written."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not name.startswith("."):
                yield path


def _is_list(name: str) -> bool:
    last = PurePosixPath(name).name
    return last.lower().endswith(".txt") and not last.startswith(".")


@dataclass(frozen=True)
class Verdict:
    """Whether the pictures of a clip are whole and fit together."""

    name: str  # the clip
    frames: int  # its frames
    size: tuple[int, int] = (0, 0)  # (width, height) in pixels
    broken: str = ""  # why it is no clip, empty for one that is
    flow_lacks: str = ""  # why its flow cannot be used, empty where it can


def judge(name: str, clip: Mapping[str, Facts]) -> Verdict:
    """Look at the pictures of clip ``name``, by kind and number."""
    frames = clip[FRAMES]
    if not frames:
        return Verdict(name, 0, broken="flow without frames")
    broken = _fault(frames, "frame")
    size = frames[min(frames)].size
    if broken or size is None:
        return Verdict(name, len(frames), broken=broken)
    return Verdict(name, len(frames), size, flow_lacks=_flow_fault(clip, len(frames), size))


def _fault(pictures: Facts, what: str) -> str:
    """Return what is wrong with a sequence that should be numbered from 1 and of one size."""
    last = max(pictures)
    missing = next((number for number in range(1, last + 1) if number not in pictures), None)
    if missing is not None:
        lacking = last - sum(number >= 1 for number in pictures)
        return f"{what} {missing} is missing, {lacking} of {last} in all"
    if 0 in pictures:
        return f"{what} numbers begin at 0, not at 1"
    for number in sorted(pictures):
        if pictures[number].size is None:
            return f"{what} {number} is not a whole JPEG"
        if pictures[number].size != pictures[1].size:
            sizes = [f"{w}x{h}" for w, h in (pictures[n].size or (0, 0) for n in (1, number))]
            return f"{what} 1 is {sizes[0]} px, {what} {number} {sizes[1]}"
    return ""


def _flow_fault(clip: Mapping[str, Facts], frames: int, size: tuple[int, int]) -> str:
    u, v = clip[FLOW_U], clip[FLOW_V]
    if not u and not v:
        return "" if frames == 1 else NO_FLOW
    if len(u) != len(v):
        return f"{len(u)} pictures of u and {len(v)} of v"
    fault = _fault(u, "u") or _fault(v, "v")
    if fault:
        return fault
    if len(u) != frames - 1:
        return f"{len(u)} flows for {frames} frames, not {frames - 1}"
    odd = {u[1].size, v[1].size} - {size}
    if odd:
        width, height = next(iter(odd)) or (0, 0)
        return f"flow is {width}x{height} px, frames are {size[0]}x{size[1]}"
    return ""


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height); None where the file does not begin or end as a JPEG does."""
    if not data.startswith(_BEGIN) or not data.rstrip(b"\0").endswith(_END):
        return None
    place = len(_BEGIN)
    while place + _SHORTEST <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker in _SIZES:
            height = int.from_bytes(data[place + 5 : place + 7], "big")
            width = int.from_bytes(data[place + 7 : place + 9], "big")
            return (width, height) if width and height else None
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
    return None
