"""File names made fit for reports and terminals.

In: the name of a source as it was given. Out: text that encodes, keeps secrets and fits.
"""

from __future__ import annotations

import unicodedata

from slipdetect._text import plain_name, printable

__all__ = ["columns", "pad", "plain_name", "printable", "shorten"]


def columns(text: str) -> int:
    """Return how many terminal columns ``text`` takes; East Asian wide characters take two."""
    return sum(_columns(char) for char in text)


def pad(text: str, width: int) -> str:
    """Return ``text`` followed by spaces up to ``width`` terminal columns."""
    return text + " " * (width - columns(text))


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
