"""Writing the annotation file so that ``read_annotations`` reads back what was meant.

In: rows, a target and the folder paths count from. Out: a CSV, or the old one untouched.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Sequence
from pathlib import Path

from slipdetect._io import atomic_write, check_writable
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.data.annotations import read_annotations
from slipdetect.lab.data.safe_paths import Enclosure
from slipdetect.lab.prepare.rows import Row

_COLUMNS = ("path", "label", "start", "end", "group", "dataset", "split", "action")


def check_target(out: Path, root: Path | None, *, overwrite: bool = False) -> None:
    """Fail before the work when the CSV could not be written after it.

    Raises:
        OutputError: It exists and may not be replaced, or its folder is missing or read-only.
        DataError: ``root`` is no folder.
    """
    if out.suffix.lower() != ".csv":
        raise OutputError(f"{str(out)!r} does not end with .csv; the annotation file is a CSV")
    check_writable(out, overwrite=overwrite)
    if root is not None and not root.is_dir():
        raise DataError(f"{str(root)!r} is no folder; --root names the folder of the videos")


def write_rows(
    rows: Sequence[Row], out: Path, root: Path | None = None, *, overwrite: bool = False
) -> None:
    """Write ``rows`` to the CSV ``out`` and read it back as a check.

    Args:
        rows: At least one. Several of one path are events of one clip.
        out: The CSV.
        root: Folder that paths are relative to; the CSV's own when None.
        overwrite: Replace an existing file.

    Raises:
        DataError: There is no row, a video is outside ``root``, its name cannot be listed, or the
            rows contradict each other.
        OutputError: The file cannot be written.
    """
    if not rows:
        raise DataError("no clip is left to write; check the folder and what was left out")
    base = out.parent if root is None else root
    enclosure = Enclosure(base)
    more = list(dict.fromkeys(name for row in rows for name in row.more if name not in _COLUMNS))
    with atomic_write(out, overwrite=overwrite) as temporary:
        with temporary.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*_COLUMNS, *more])
            for row in rows:
                known = [path_entry(row.path, enclosure), *_cells(row)]
                writer.writerow([*known, *(row.more.get(name, "") for name in more)])
        try:
            read_annotations(temporary, base)
        except DataError as error:
            raise DataError(str(error).replace(str(temporary), str(out))) from error


def path_entry(path: Path, enclosure: Enclosure) -> str:
    """Return ``path`` as it stands in a list whose paths count from a folder.

    Raises:
        DataError: It leads out of the folder, or no list can hold its name.
    """
    if not listable(path):
        raise DataError(f"{str(path)!r} has a name that no list can hold; rename the file")
    base = enclosure.root
    # not realpath at first: a link inside the folder keeps its own name
    entry = os.path.relpath(path.absolute(), base.absolute())
    if Path(entry).parts[0] == os.pardir:
        entry = os.path.relpath(os.path.realpath(path), os.path.realpath(base))
    entry = Path(entry).as_posix()
    if entry[0] in "~#" or entry[0].isspace():
        entry = f"./{entry}"
    enclosure.path(entry, f"clip {path.name!r}")
    return entry


def listable(path: Path) -> bool:
    """Return whether a line of UTF-8 text can hold a path."""
    text = str(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return text == text.rstrip() and not set(text) & set("\r\n\0")


def seconds(time: float) -> str:
    """Return a time in seconds as decimal text, exact to a microsecond."""
    return f"{time:.6f}".rstrip("0").rstrip(".")


def _cells(row: Row) -> list[str]:
    times = ["" if time is None else seconds(time) for time in (row.start, row.end)]
    return [row.label, *times, row.group, row.dataset, row.split, row.action]
