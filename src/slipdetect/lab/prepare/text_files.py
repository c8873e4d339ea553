"""Lists, tables and times that people write, read with the place of each for messages.

In: text files and CSVs. Out: lines and rows with where they are; seconds.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import header_advice
from slipdetect.lab.extract.sources import Line, text_lines

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://).*")
_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_TIMECODE = re.compile(r"(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]+)?)")


def excerpt(text: str) -> str:
    """Return the begin of a text, quoted for a message; of an address only the protocol.

    The rest of an address may hold a password.
    """
    return repr(_ADDRESS.sub(r"\1...", text)[:80])


def list_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield (``list NAME line N``, text) of every line but empty ones and comments (``#``).

    Line ends of Windows, a byte-order mark and space around a line are taken away.

    Raises:
        DataError: The file cannot be read, is not UTF-8, or has no such line.
    """
    where = f"list {str(file)!r}"
    empty = True
    with _open(file, where) as lines:
        for number, text in lines:
            line = text.strip()
            if line and not line.startswith("#"):
                empty = False
                yield f"{where} line {number}", line
    if empty:
        raise DataError(f"{where} is empty; a line names a clip")


def read_table(
    file: Path, needed: Sequence[str], aliases: Mapping[str, Sequence[str]] | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (``table NAME line N``, cells by column) of every row of a CSV but comments (``#``).

    Args:
        file: The CSV, UTF-8 with or without a byte-order mark; its first row names the columns.
        needed: Columns that it must have.
        aliases: Other spellings of columns, by the name that they get; case is ignored in them.

    Raises:
        DataError: It cannot be read, is no CSV, or lacks a column.
    """
    where = f"table {str(file)!r}"
    columns: list[str] | None = None
    with _open(file, where) as lines:
        rows = csv.reader(text for _, text in lines)
        try:
            for row in rows:
                cells = [cell.strip() for cell in row]
                if not any(cells) or cells[0].startswith("#"):
                    continue
                if columns is None:
                    columns = _columns(cells, needed, aliases or {}, where)
                    continue
                padded = [*cells, *[""] * (len(columns) - len(cells))]
                named = {name: cell for name, cell in zip(columns, padded, strict=False) if name}
                yield f"{where} line {rows.line_num}", named
        except csv.Error as error:
            raise DataError(f"{where} line {rows.line_num} is not CSV: {error}") from error


def _columns(
    header: Sequence[str], needed: Sequence[str], aliases: Mapping[str, Sequence[str]], where: str
) -> list[str]:
    """Return the names of columns, the first known spelling of each under its own name."""
    columns, lower = list(header), [cell.lower() for cell in header]
    for name, spellings in aliases.items():
        found = [spelling for spelling in (name, *spellings) if spelling in lower]
        if found:
            columns[lower.index(found[0])] = name
    lacking = [name for name in needed if name not in columns]
    if lacking:
        raise DataError(
            f"{where} lacks the column {', '.join(lacking)};"
            f" {header_advice(header, ','.join(needed))}"
        )
    return columns


@contextmanager
def _open(file: Path, where: str) -> Iterator[Iterator[Line]]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error
    with stream:
        yield text_lines(stream, where)


def parse_time(text: str) -> float:
    """Return seconds of ``12.5``, ``m:ss`` or ``h:mm:ss``, the seconds with decimals or without.

    Raises:
        ValueError: It is something else; the message says what is wrong with it.
    """
    text = text.strip()
    if text.startswith("-"):
        raise ValueError(f"time {text[:40]!r} is before the video begins")
    if _SECONDS.fullmatch(text):
        return float(text)
    found = _TIMECODE.fullmatch(text)
    if found is None:
        raise ValueError(f"time {text[:40]!r} is neither seconds (62.5) nor h:mm:ss (0:01:02.5)")
    hours, minutes = int(found[1] or 0), int(found[2])
    seconds = float(found[3].replace(",", "."))
    if seconds >= 60 or (found[1] is not None and minutes >= 60):
        raise ValueError(f"time {text[:40]!r} has more than 59 minutes or seconds")
    return hours * 3600 + minutes * 60 + seconds
