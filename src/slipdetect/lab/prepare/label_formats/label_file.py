"""A label file as it comes, and what formats make of it.

In: a path. Out: ``LabelFile`` with the text as JSON, XML or lines; ``Label``s of a ``LabelSet``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from slipdetect.errors import DataError

_MOST_BYTES = 256 << 20
_ARCHIVE = b"PK"  # zip, and so xlsx and ods
UNNAMED = "unnamed"  # the class of a label without text
_DECLARED = re.compile(
    rb"""\s*<\?xml[^>]{0,80}encoding=["'](iso-8859-[0-9]+|windows-125[0-9])["']""", re.I
)
_DECLARATIONS = ("<!DOCTYPE", "<!ENTITY")


@dataclass(frozen=True)
class Label:
    """A stretch of time, or a moment, that somebody labeled in a video.

    Attributes:
        where: File and place in it, for messages.
        video: The video as the file names it: a path, an address, or the begin of a name.
        name: What was seen; classes are mapped by it.
        start: Begin, in ``unit``; None where the file has none.
        end: End; the begin again for a moment.
        frames: Times are numbers of frames, from 0, and not seconds; ``end`` is the first frame
            behind.
        track: Tier, track or layer that it is on.
        group: Person or scene, or empty.
        whole: It is said of the whole video; there are no times then.
    """

    where: str
    video: str
    name: str
    start: float | None
    end: float | None
    frames: bool = False
    track: str = ""
    group: str = ""
    whole: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", UNNAMED)


@dataclass
class LabelSet:
    """What a label file says.

    Attributes:
        labels: All that was labeled.
        videos: Every video that was looked at, labels or none.
        notes: What the user should be told.
        bare: The tool keeps the names of files without their folders.
    """

    labels: list[Label] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    bare: bool = False


@dataclass(frozen=True)
class LabelFile:
    """A label file.

    Attributes:
        path: The file.
        text: What is in it.
        frame_rate: Frames a second that the user gave for tools that do not write theirs.
    """

    path: Path
    text: str
    frame_rate: float | None = None

    @classmethod
    def read(cls, path: Path, frame_rate: float | None = None) -> LabelFile:
        """Return the file.

        Raises:
            DataError: It cannot be read, is not text, or larger than any such file.
        """
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise DataError(f"{str(path)!r} is larger than 256 MiB; is this a label file?")
            data = path.read_bytes()
        except OSError as error:
            raise DataError(
                f"cannot read {str(path)!r}: {error.strerror}; check the path"
            ) from error
        if data[:2] == _ARCHIVE:
            raise DataError(
                f"{str(path)!r} is an archive or a spreadsheet; unpack it, or export CSV from it"
            )
        wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
        declared = _DECLARED.match(data)
        usual = "utf-16" if wide else "utf-8-sig"
        try:
            return cls(path, data.decode(declared[1].decode() if declared else usual), frame_rate)
        except (UnicodeDecodeError, LookupError) as error:
            raise DataError(
                f"{str(path)!r} is not text in UTF-8; export the labels as text (CSV, JSON, XML)"
            ) from error

    @property
    def where(self) -> str:
        """Its name for messages."""
        return repr(str(self.path))

    @cached_property
    def json(self) -> Any:
        """The JSON in it, None where it is something else."""
        if self.text.lstrip()[:1] not in ("{", "["):
            return None
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def xml(self) -> ElementTree.Element:
        """The root of the XML in it, one without a name where it is something else.

        Raises:
            DataError: It declares entities, which may grow without bound, or is damaged.
        """
        if self.text.lstrip()[:1] != "<":
            return ElementTree.Element("")
        if any(word in self.text for word in _DECLARATIONS):
            raise DataError(
                f"{self.where} has a document type declaration, which no labeling tool writes;"
                " export it again"
            )
        try:
            return ElementTree.fromstring(self.text)  # noqa: S314 - declarations are refused
        except ElementTree.ParseError as error:
            raise DataError(f"{self.where} is damaged XML: {error}; export it again") from error

    @cached_property
    def lines(self) -> list[str]:
        """Its lines."""
        return self.text.splitlines()

    def broken(self, what: str) -> DataError:
        """Return the error of a file that lacks what its format needs."""
        return DataError(f"{self.where}: {what}; export it again, or mend it")


def is_object(value: Any, *keys: str) -> bool:
    """Return whether JSON is an object that has these keys."""
    return isinstance(value, Mapping) and all(key in value for key in keys)


def number(value: Any) -> float | None:
    """Return a number that JSON or XML has as number or text; None where it has none."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < float("inf") else None


def table(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, an empty one where it is something else."""
    return value if isinstance(value, Mapping) else {}


def listed(value: Any) -> list[Any]:
    """Return a JSON list, an empty one where it is something else."""
    return value if isinstance(value, list) else []


def texts(value: Any) -> list[str]:
    """Return the texts of a JSON list, none where it is something else."""
    return [each for each in listed(value) if isinstance(each, str)]
