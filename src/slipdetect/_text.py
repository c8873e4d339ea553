"""Names and times as text that people read.

In: the name of a source, seconds. Out: text that encodes and keeps secrets; ``HH:MM:SS.mmm``.
"""

from __future__ import annotations

import re

from slipdetect._address import shown_address

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://).*", re.DOTALL)


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


def clock(seconds: float) -> str:
    """Return ``seconds`` (at least 0) as ``M:SS`` or ``H:MM:SS``, rounded to the second."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
