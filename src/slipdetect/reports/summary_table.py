"""Many sources as a table for a terminal, one row a source, printable as results come in.

In: the names of all sources, then results one by one. Out: lines of text of one width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from slipdetect._text import columns, pad, printable, shorten, timecode
from slipdetect.reports.table import NOTHING_FOUND, quality_notes

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

_GAP = "  "
_NUMBERS = f"{'duration':>10}  events  score"
_SPAN = len("00:00:00.000-00:00:00.000")
_LEAST_NAME = 16


class SummaryTable:
    """A table whose columns are laid out before the first result is known.

    Args:
        sources: Names of everything that may get a row.
        width: Columns of the terminal; None does not shorten anything.
    """

    def __init__(self, sources: Sequence[str], width: int | None = None) -> None:
        longest = max((columns(printable(name)) for name in sources), default=0)
        self._name = max(longest, len("source"))
        self._times: int | None = None
        if width is not None:
            rest = width - len(_GAP) * 2 - len(_NUMBERS)
            self._name = min(self._name, max(rest - _SPAN, _LEAST_NAME))
            self._times = max(rest - self._name, _SPAN)

    def header(self) -> str:
        """Return the line of headings."""
        return self._line("source", _NUMBERS, "times")

    def row(self, result: DetectionResult) -> str:
        """Return the line of a result: duration, events, strongest score, times, oddities."""
        notes = quality_notes(result)
        odd = f" ({', '.join(notes)})" if notes else ""
        count, score = "-", "-"
        fits = self._times is None or len(NOTHING_FOUND + odd) <= self._times
        times = NOTHING_FOUND if fits else "none"
        if result.events:
            count = str(len(result.events))
            score = f"{max(event.score for event in result.events):.2f}"
            times = self._spans(result, len(odd))
        numbers = f"{result.duration:>8.1f} s  {count:>6}  {score:>5}"
        return self._line(printable(result.source), numbers, times + odd)

    def failure(self, source: str) -> str:
        """Return the line of a source that failed; why is said elsewhere."""
        numbers = f"{'-':>10}  {'-':>6}  {'-':>5}"
        return self._line(printable(source), numbers, "failed, see the error")

    def _line(self, name: str, numbers: str, rest: str) -> str:
        return _GAP.join([pad(shorten(name, self._name), self._name), numbers, rest]) + "\n"

    def _spans(self, result: DetectionResult, taken: int) -> str:
        spans = [f"{timecode(event.start)}-{timecode(event.end)}" for event in result.events]
        if self._times is None:
            return ", ".join(spans)
        shown = len(spans)
        while shown > 1 and len(_listed(spans, shown)) + taken > self._times:
            shown -= 1
        return _listed(spans, shown)


def _listed(spans: Sequence[str], shown: int) -> str:
    more = f", {len(spans) - shown} more" if shown < len(spans) else ""
    return ", ".join(spans[:shown]) + more
