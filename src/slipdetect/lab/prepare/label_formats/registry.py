"""All formats of label files: a new one is a file and a line here.

In: a file. Out: the format that it is in, and what it says.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.prepare.label_formats.label_file import LabelFile, LabelFormat, LabelSet

# file:class, in the order in which they are asked whether a file is theirs
_ALL = (
    "boris_project:BorisProject",
    "boris_export:BorisExport",
    "elan:Elan",
    "cvat:Cvat",
    "label_studio:LabelStudio",
    "via:Via",
    "anvil:Anvil",
    "subtitles:Subtitles",
    "audacity:Audacity",
    "own_csv:OwnCsv",
)


def label_formats() -> list[type[LabelFormat]]:
    """Return all formats."""
    found = []
    for entry in _ALL:
        file, _, name = entry.partition(":")
        module = import_module(f"slipdetect.lab.prepare.label_formats.{file}")
        found.append(getattr(module, name))
    return found


def read_labels(path: Path, frame_rate: float | None = None) -> tuple[str, LabelSet]:
    """Return the name of the format of a label file, and what the file says.

    Args:
        path: The file; its content tells the format.
        frame_rate: Frames a second of the labeling, for tools that do not write it.

    Raises:
        DataError: It cannot be read, is in no known format, or cannot be placed in time.
    """
    file, formats = LabelFile.read(path, frame_rate), label_formats()
    for kind in formats:
        if kind.recognizes(file):
            return kind.name, kind.read(file)
    known = ", ".join(dict.fromkeys(kind.name for kind in formats))
    raise DataError(f"{file.where} is no label file of {known}; export the labels as one of these")
