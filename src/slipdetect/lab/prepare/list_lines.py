"""The lines of a list file that say something.

In: a text file. Out: where each line is, and its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from slipdetect.errors import DataError
from slipdetect.lab.extract.sources import text_lines

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://).*")


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
    try:
        stream = file.open("rb")
    except OSError as error:
        raise DataError(f"cannot read {where}: {error.strerror}; check the path") from error
    with stream:
        for number, text in text_lines(stream, where):
            line = text.strip()
            if line and not line.startswith("#"):
                empty = False
                yield f"{where} line {number}", line
    if empty:
        raise DataError(f"{where} is empty; a line names a clip")
