"""The time at which a recording began, as its name says it.

In: a pattern such as ``%Y%m%d-%H%M%S``, and the path of a file. Out: ISO 8601.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from slipdetect._text import iso_time
from slipdetect.errors import UsageError

_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "M": 2, "S": 2}
_NEEDED = ({"Y", "y"}, {"m"}, {"d"}, {"H"}, {"M"})
_SECONDS = "s"  # since 1970, in UTC
_CENTURY = 2000


@cache
def name_pattern(pattern: str) -> re.Pattern[str]:
    """Return what finds a time in names.

    Args:
        pattern: Text, with ``%Y`` or ``%y``, ``%m``, ``%d``, ``%H``, ``%M`` and perhaps ``%S``, all
            with leading zeros; or ``%s``, seconds since 1970. ``%%`` is a percent sign.

    Raises:
        UsageError: Another letter behind ``%``, one of these twice, or one is missing.
    """
    found = ""
    known: set[str] = set()
    for text in re.findall(r"%.?|[^%]+", pattern, re.DOTALL):
        letter = text[1:]
        if not text.startswith("%") or text == "%%":
            found += re.escape(text.replace("%%", "%"))
            continue
        if (letter not in _DIGITS and letter != _SECONDS) or letter in known:
            raise UsageError(
                f"the pattern {pattern!r} of times in names cannot have {text!r} there; each of"
                " %Y %m %d %H %M %S may stand once, or %s"
            )
        known.add(letter)
        digits = "{9,11}" if letter == _SECONDS else f"{{{_DIGITS[letter]}}}"
        found += f"(?P<{letter}>[0-9]{digits})"
    if _SECONDS not in known and not all(needed & known for needed in _NEEDED):
        raise UsageError(
            f"the pattern {pattern!r} of times in names lacks a part of the date or time; it needs"
            " %Y %m %d %H %M, or %s"
        )
    return re.compile(found)


def time_in_name(pattern: str, path: Path) -> str | None:
    """Return the last time that a path tells, without a zone but for ``%s``; None if it has none.

    Raises:
        UsageError: The pattern makes no sense.
    """
    for match in reversed(list(name_pattern(pattern).finditer(path.absolute().as_posix()))):
        parts = {name: int(text) for name, text in match.groupdict().items()}
        try:
            if _SECONDS in parts:
                began = datetime.fromtimestamp(parts[_SECONDS], UTC)
                return began.isoformat().replace("+00:00", "Z")
            year = parts["Y"] if "Y" in parts else _CENTURY + parts["y"]
            day, time = (parts["m"], parts["d"]), (parts["H"], parts["M"], parts.get("S", 0))
            return datetime(year, *day, *time).isoformat()
        except (ValueError, OverflowError, OSError):
            continue
    return None


def time_of_day(started: str | None, seconds: float) -> str | None:
    """Return when something was, ISO 8601 to the millisecond, in the zone that ``started`` has.

    Args:
        started: When the clock was 0, ISO 8601; None if unknown.
        seconds: On that clock.
    """
    if started is None:
        return None
    try:
        began = datetime.fromisoformat(started)
        moment = began + timedelta(seconds=round(seconds, 3))
    except (ValueError, OverflowError):
        return None
    return iso_time(moment)
