"""Seconds as a person reads them.

In: seconds. Out: ``HH:MM:SS.mmm``, or ``M:SS`` where less will do.
"""

from __future__ import annotations

from slipdetect._text import clock, timecode

__all__ = ["clock", "timecode"]
