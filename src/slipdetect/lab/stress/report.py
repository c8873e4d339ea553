"""A stress test as text: a table for a terminal, a page in Markdown, data for JSON.

In: a ``StressResult``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipdetect._text import printable
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.text import (
    Page,
    interval_notes,
    metric_data,
    metric_text,
    p_value_text,
    scaled,
)
from slipdetect.lab.stress.result import StressResult, StressRow

VERSION = 1

_HEAD = (
    "condition",
    "clips",
    "falls found",
    "recall, %",
    "false events an hour",
    "a clip",
    "AUC",
    "lost",
    "gained",
    "p",
)
# a terminal has no room for long headings, nor for the intervals of false events and AUC
_SHORT = {"falls found": "found", "false events an hour": "false/h", "a clip": "/clip"}


def stress_page(result: StressResult, *, full: bool = False) -> Page:
    """Return the table; ``full`` adds what a terminal has no room for."""
    head = list(_HEAD) if full else [_SHORT.get(name, name) for name in _HEAD]
    notes = list(_notes(result, full))
    if full:
        conditions = dict.fromkeys(row.case.condition for row in result.rows[1:])
        notes += [f"{found.name}: {found.meaning}." for found in conditions]
    rows = [head, *(_cells(row, full) for row in result.rows)]
    return Page("Robustness", _subject(result), [("", rows)], notes)


def stress_data(result: StressResult) -> dict[str, Any]:
    """Return everything as plain data; nothing is rounded."""
    return {
        "version": VERSION,
        "facts": dict(result.facts),
        "quick": result.quick,
        "groups": result.groups,
        "rows": [_row_data(row) for row in result.rows],
    }


def _subject(result: StressResult) -> str:
    first = result.rows[0]
    named = f"model {printable(result.seen)}: " if result.seen else ""
    part = " (a part of the data, --quick)" if result.quick else ""
    return (
        f"{named}{first.clips} clips{part}, {first.positives} of them with a fall, "
        f"{60 * (first.per_hour.base or 0):.1f} minutes without, of {result.groups} groups"
    )


def _cells(row: StressRow, full: bool) -> list[str]:
    change = row.change
    changes = ["-"] * 3
    if change is not None:
        changes = [str(change.lost), str(change.gained), p_value_text(change.corrected)]
    return [
        row.case.label,
        str(row.clips),
        f"{row.recall.count:g}/{row.recall.base:g}",
        _text(row.recall, 100, 0),
        _text(row.per_hour, 1, 1, interval=full),
        _text(row.per_clip, 1, 2, interval=full),
        _text(row.auc, 1, 3, interval=full),
        *changes,
    ]


def _text(metric: Metric, scale: int, digits: int, *, interval: bool = True) -> str:
    number = scaled(scale, digits)
    if interval:
        return metric_text(metric, number)
    return "-" if metric.value is None else number(metric.value)


def _notes(result: StressResult, full: bool) -> Iterator[str]:
    """Yield a sentence for each thing in the table that needs one."""
    yield (
        "false events: events found in clips without a fall, an hour and a clip of these. lost, "
        "gained: falls found undisturbed only, and under disturbance only; p: McNemar's exact "
        f"test of these two, corrected for their {len(result.rows) - 1} rows (Holm)."
    )
    shown = [row.recall for row in result.rows]
    if full:
        shown += [each for row in result.rows for each in (row.per_hour, row.per_clip, row.auc)]
    yield from interval_notes(shown)
    if any(row.clips != result.rows[0].clips for row in result.rows):
        yield "The rows are not of the same clips: some could not be read under every condition."


def _row_data(row: StressRow) -> dict[str, Any]:
    case, change = row.case, row.change
    return {
        "condition": case.condition.name,
        "strength": case.strength,
        "unit": case.condition.unit,
        **({} if case.rise is None else {"rise": case.rise}),
        "label": case.label,
        "clips": row.clips,
        "with_fall": row.positives,
        "falls": int(row.recall.base or 0),
        "found": int(row.recall.count),
        "recall": metric_data(row.recall),
        "false_events": int(row.per_hour.count),
        "hours": row.per_hour.base,
        "false_per_hour": metric_data(row.per_hour),
        "false_per_clip": metric_data(row.per_clip),
        "auc": metric_data(row.auc),
        "change": None
        if change is None
        else {
            "falls": change.falls,
            "lost": change.lost,
            "gained": change.gained,
            "p": change.p_value,
            "p_holm": change.corrected,
        },
    }
