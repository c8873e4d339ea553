"""Seconds as a person reads them.

In: seconds. Out: ``HH:MM:SS.mmm``, or ``M:SS`` where less will do.
"""

from __future__ import annotations


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
