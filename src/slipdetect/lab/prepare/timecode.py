"""Times as people write them.

In: ``12.5``, ``1:02.5``, ``0:01:02.500``. Out: seconds.
"""

from __future__ import annotations

import re

_SECONDS = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_TIMECODE = re.compile(r"(?:([0-9]+):)?([0-9]{1,2}):([0-9]{1,2}(?:[.,][0-9]+)?)")


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
