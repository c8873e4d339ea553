"""Names and times as text that people read.

In: the name of a source, seconds. Out: text that encodes, keeps secrets and fits; ``HH:MM:SS.mmm``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from slipdetect._address import shown_address

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://).*", re.DOTALL)
MOST_NAMED = 10


def plain_name(source: str) -> str:
    """Return ``source`` as text that UTF-8 can carry, without what an address may hold.

    Bytes of a file name that are no UTF-8 become ``\\xNN``; of an address, whose rest may contain
    a password, only protocol and host stay.
    """
    text = source.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _ADDRESS.sub(lambda found: shown_address(found[0]), text)


def printable(source: str) -> str:
    """Return ``plain_name(source)`` with control characters escaped, for a line on a terminal."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in plain_name(source)
    )


def timecode(seconds: float) -> str:
    """Return ``seconds`` (at least 0) as ``HH:MM:SS.mmm``, rounded to the millisecond."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"


def iso_time(moment: datetime) -> str:
    """Return a time of day as ISO 8601 to the millisecond, with ``Z`` for UTC."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clock(seconds: float) -> str:
    """Return ``seconds`` (at least 0) as ``M:SS`` or ``H:MM:SS``, rounded to the second."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def columns(text: str) -> int:
    """Return how many terminal columns ``text`` takes; East Asian wide characters take two."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def pad(text: str, width: int, *, before: bool = False) -> str:
    """Return ``text`` followed by spaces up to ``width`` terminal columns, or behind them."""
    spaces = " " * (width - columns(text))
    return spaces + text if before else text + spaces


def shorten(text: str, width: int) -> str:
    """Return ``text`` cut to ``width`` columns, keeping its file name or at least both its ends."""
    if columns(text) <= width:
        return text
    room = max(width - 3, 1)
    if columns(text.rpartition("/")[2]) <= room:
        return "..." + _fit(text[::-1], room)[::-1]
    tail = _fit(text[::-1], room - room // 3)[::-1]
    return _fit(text, room // 3) + "..." + tail


def _fit(text: str, width: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += _columns(char)
        if taken > width:
            return text[:index]
    return text


def _columns(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def named(names: Sequence[str], most: int = MOST_NAMED) -> str:
    """Return ``names`` on one line, the first ``most`` of them and the number of the others."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def excerpt(text: str) -> str:
    """Return the begin of a text, quoted for a message; of an address only the protocol.

    The rest of an address may hold a password.
    """
    return repr(_ADDRESS.sub(r"\1...", text)[:80])
