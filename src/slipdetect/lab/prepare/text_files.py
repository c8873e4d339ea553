"""Lists that people write, read with the place of each line for messages.

In: text files. Out: lines with where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from slipdetect._tables import opened_lines
from slipdetect.errors import DataError


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
