"""CSV as spreadsheets, programs and people write it: one patience for all that reads tables.

In: lines of text, the columns that are needed. Out: rows by column, each with its line number; and
the other way round.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from slipdetect.errors import DataError

_LONGEST_LINE = 65_536
_SEPARATORS = (",", ";", "\t")
_SAID = re.compile(r'"?sep=([,;\t])"?', re.IGNORECASE)  # what Excel writes and reads
_DECIMAL_COMMA = re.compile(r"-?[0-9]+,[0-9]+")
_WHOLE = re.compile(r"(-?[0-9]+)\.0*")

Line = tuple[int, str]


class Table:
    """The rows below a header.

    Empty rows and rows whose first cell begins with ``#`` are passed over, space around cells is
    taken away, and names of columns are in small letters with ``_`` for space. The header tells
    whether commas, semicolons or tabs part cells; where it is not commas, ``1,5`` is ``1.5``.

    Args:
        lines: The text, with line ends or without.
        where: What the table is called in messages.
        needed: Columns that it must have.
        aliases: Other names of columns; a cell that is empty is taken from them, in their order.

    Attributes:
        columns: The names of the header.

    Raises:
        DataError: It is no CSV, has no header, lacks a column, or has a row of more cells.
    """

    def __init__(
        self,
        lines: Iterable[str],
        where: str,
        needed: Sequence[str] = (),
        aliases: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._where = where
        self._aliases = {} if aliases is None else aliases
        self._taken = 0
        self._lines = self._counted(lines)
        self._separator, self._begin = ",", 0
        self.columns = self._header(needed)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield line number and cells by column of each row, none of them missing."""
        for cells in self._parsed():
            if any(cells[len(self.columns) :]):
                raise DataError(
                    f"{self._where} line {self._taken} has {len(cells)} cells, its header names "
                    f'{len(self.columns)}; put cells that hold a {self._separator!r} into "quotes"'
                )
            if self._separator != ",":
                cells = [
                    cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell
                    for cell in cells
                ]
            padded = [*cells, *[""] * (len(self.columns) - len(cells))]
            named = {name: cell for name, cell in zip(self.columns, padded, strict=False) if name}
            for name, others in self._aliases.items():
                spellings = [each for each in (name, *others) if each in named]
                if spellings:
                    filled = [named[each] for each in spellings if named[each]]
                    named[name] = filled[0] if filled else ""
            yield self._taken, named

    def _counted(self, lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            self._taken += 1
            yield line

    def _header(self, needed: Sequence[str]) -> list[str]:
        for line in self._lines:
            text = line.strip("\r\n")
            if said := _SAID.fullmatch(text.strip(" ")):
                self._separator = said[1]
                continue
            if not text.strip(" ,;\t") or text.lstrip(' "').startswith("#"):
                continue
            found = {mark: self._names(text, mark) for mark in (self._separator, *_SEPARATORS)}
            lacking = {mark: self._lacking(needed, names) for mark, names in found.items()}
            # the first of the best: commas where nothing tells
            self._separator = min(found, key=lambda mark: (len(lacking[mark]), -len(found[mark])))
            if not lacking[self._separator]:
                return found[self._separator]
            raise DataError(
                f"{self._where} lacks the column {', '.join(lacking[self._separator])}; its first"
                f" line must name at least {','.join(needed)}"
            )
        if needed:
            raise DataError(
                f"{self._where} is empty; its first line must name at least {','.join(needed)}"
            )
        return []

    def _names(self, text: str, separator: str) -> list[str]:
        rows = csv.reader([text], delimiter=separator, skipinitialspace=True)
        try:
            cells = next(rows)
        except csv.Error as error:
            raise DataError(f"{self._where} line {self._taken} is not CSV: {error}") from error
        return ["_".join(cell.lower().split()) for cell in cells]

    def _lacking(self, needed: Sequence[str], names: Sequence[str]) -> list[str]:
        return [
            name
            for name in needed
            if not any(each in names for each in (name, *self._aliases.get(name, ())))
        ]

    def _parsed(self) -> Iterator[list[str]]:
        rows = csv.reader(self._lines, delimiter=self._separator, skipinitialspace=True)
        try:
            for row in rows:
                cells = [cell.strip() for cell in row]
                if any(cells) and not cells[0].startswith("#"):
                    yield cells
        except csv.Error as error:
            raise DataError(f"{self._where} line {self._taken} is not CSV: {error}") from error


@contextmanager
def opened_lines(file: Path, where: str) -> Iterator[Iterator[Line]]:
    """Open a text file and yield ``text_lines`` of it.

    Raises:
        DataError: It cannot be read.
    """
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error
    with stream:
        yield text_lines(stream, where)


def text_lines(stream: BinaryIO, where: str) -> Iterator[Line]:
    """Yield (number from 1, text) of every line, read in pieces of bounded size.

    Raises:
        DataError: It cannot be read, is not UTF-8, or a line is longer than any list has.
    """
    number = 0
    try:
        while raw := stream.readline(_LONGEST_LINE):
            number += 1
            if len(raw) == _LONGEST_LINE:
                raise DataError(f"{where} line {number} is too long for a path; is it a text file?")
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{where} line {number} is not UTF-8 text; save it as UTF-8") from error
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error


def list_lines(file: Path) -> Iterator[tuple[str, str]]:
    """Yield (``list NAME line N``, text) of every line but empty ones and comments (``#``).

    Line ends of Windows, a byte-order mark and space around a line are taken away.

    Raises:
        DataError: The file cannot be read, is not UTF-8, or has no such line.
    """
    where = f"list {str(file)!r}"
    empty = True
    with opened_lines(file, where) as lines:
        for number, text in lines:
            line = text.strip()
            if line and not line.startswith("#"):
                empty = False
                yield f"{where} line {number}", line
    if empty:
        raise DataError(f"{where} is empty; a line names a clip")


def read_table(
    file: Path,
    needed: Sequence[str] = (),
    aliases: Mapping[str, Sequence[str]] | None = None,
    *,
    kind: str = "table",
) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (``KIND NAME line N``, cells by column) of every row of a ``Table`` in a UTF-8 file.

    Raises:
        DataError: It cannot be read, is no CSV, or lacks a column.
    """
    where = f"{kind} {str(file)!r}"
    with opened_lines(file, where) as lines:
        for number, cells in Table((text for _, text in lines), where, needed, aliases):
            yield f"{where} line {number}", cells


def whole(text: str) -> str:
    """Return a number such as ``1.0``, of a spreadsheet, as ``1``; other text as it is."""
    found = _WHOLE.fullmatch(text)
    return text if found is None else found[1]


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return rows of cells, the header first, as CSV whose lines end with a line feed."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
