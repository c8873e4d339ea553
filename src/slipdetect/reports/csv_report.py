"""Events as CSV that a spreadsheet opens without running anything in it.

In: ``DetectionResult``s. Out: text with ``\\n`` line ends, a header, and a row per event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipdetect._text import plain_name, timecode

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

COLUMNS = (
    "source",
    "id",
    "start_s",
    "end_s",
    "start_timecode",
    "end_timecode",
    "duration_s",
    "score",
    "label",
)

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = frozenset(',"\r\n')


def csv_report(results: Iterable[DetectionResult]) -> str:
    """Return a whole file: the header, then the events of every result."""
    return csv_header() + "".join(csv_rows(result) for result in results)


def csv_header() -> str:
    """Return the header line."""
    return ",".join(COLUMNS) + "\n"


def csv_rows(result: DetectionResult) -> str:
    """Return a line per event, none when nothing was found; ids count from 1."""
    source = text_cell(plain_name(result.source))
    lines = []
    for index, event in enumerate(result.events, 1):
        cells = (
            source,
            str(index),
            _number(event.start),
            _number(event.end),
            timecode(event.start),
            timecode(event.end),
            _number(event.end - event.start),
            _number(event.score),
            text_cell(event.label),
        )
        lines.append(",".join(cells) + "\n")
    return "".join(lines)


def text_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, quoted where needed."""
    value = no_formula(value)
    if _QUOTED.isdisjoint(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def no_formula(value: str) -> str:
    """Return ``value``, behind an apostrophe where a spreadsheet would take it for a formula."""
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def _number(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
