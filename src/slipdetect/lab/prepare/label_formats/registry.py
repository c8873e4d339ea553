"""All formats of label files: a new one is a module and its name here.

In: a file. Out: the format that it is in, and what it says.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from slipdetect.errors import DataError
from slipdetect.lab.prepare.label_formats import (
    anvil,
    audacity,
    boris_export,
    boris_project,
    cvat,
    elan,
    label_studio,
    own_csv,
    subtitles,
    via,
)
from slipdetect.lab.prepare.label_formats.label_file import LabelFile, LabelSet


class LabelFormat(Protocol):
    """What a module that reads a format of label files has.

    Attributes:
        NAME: What the tool is called.
    """

    NAME: str

    def recognizes(self, file: LabelFile) -> bool:
        """Return whether the content of a file is of this format; its name does not count."""

    def read(self, file: LabelFile) -> LabelSet:
        """Return what the file says.

        Raises:
            DataError: It is damaged, or its times cannot be placed in the videos.
        """


# in the order in which they are asked whether a file is theirs
FORMATS: tuple[LabelFormat, ...] = (
    *(boris_project, boris_export, elan, cvat, label_studio),
    *(via, anvil, subtitles, audacity, own_csv),
)


def read_labels(path: Path, frame_rate: float | None = None) -> tuple[str, LabelSet]:
    """Return the name of the format of a label file, and what the file says.

    Args:
        path: The file; its content tells the format.
        frame_rate: Frames a second of the labeling, for tools that do not write it.

    Raises:
        DataError: It cannot be read, is in no known format, or cannot be placed in time.
    """
    file = LabelFile.read(path, frame_rate)
    for kind in FORMATS:
        if kind.recognizes(file):
            return kind.NAME, kind.read(file)
    known = ", ".join(dict.fromkeys(kind.NAME for kind in FORMATS))
    raise DataError(f"{file.where} is no label file of {known}; export the labels as one of these")
