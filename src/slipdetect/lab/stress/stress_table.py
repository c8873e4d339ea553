"""A model under disturbance as text: a table for a terminal, a page in Markdown, data for JSON.

In: a ``StressResult``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from slipdetect._text import printable
from slipdetect.lab.evaluate.reports.figure_text import figure_text, interval_data, interval_notes
from slipdetect.reports.text_columns import aligned, escaped, marked, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.stats.measures import Figure
    from slipdetect.lab.stress.figures import StressResult, StressRow

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


def stress_table(result: StressResult) -> str:
    """Return the table for a terminal, at most 100 columns wide."""
    head = [_SHORT.get(name, name) for name in _HEAD]
    rows = [head, *(_cells(row) for row in result.rows)]
    lines = [*wrapped(_subject(result)), "", *aligned(rows), ""]
    lines += [line for note in _notes(result) for line in wrapped(note)]
    return "\n".join(lines) + "\n"


def stress_markdown(result: StressResult) -> str:
    """Return the same as a page in Markdown, with what each condition means."""
    lines = ["# Under disturbance", "", escaped(_subject(result)), ""]
    lines += marked(_HEAD, [[escaped(cell) for cell in _cells(row, True)] for row in result.rows])
    lines += ["", *(f"- {escaped(note)}" for note in _notes(result, True))]
    conditions = dict.fromkeys(row.case.condition for row in result.rows[1:])
    lines += [f"- {found.name}: {found.meaning}." for found in conditions]
    return "\n".join(lines) + "\n"


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
    first, facts = result.rows[0], result.facts
    model = facts.get("model", {}).get("name", "")
    named = f"model {printable(model)}: " if model else ""
    part = " (a part of the data, --quick)" if result.quick else ""
    return (
        f"{named}{first.clips} clips{part}, {first.positives} of them with a fall, "
        f"{60 * first.hours:.1f} minutes without, of {result.groups} groups"
    )


def _cells(row: StressRow, full: bool = False) -> list[str]:
    """Return the cells of a row; ``full`` adds the intervals that a terminal has no room for."""
    change = row.change
    changes = ["-"] * 3
    if change is not None:
        changes = [str(change.lost), str(change.gained), _p_value(change.corrected)]
    return [
        row.case.label,
        str(row.clips),
        f"{row.found}/{row.falls}",
        _text(row.recall, 100, 0),
        _text(row.per_hour, 1, 1, interval=full),
        _text(row.per_clip, 1, 2, interval=full),
        _text(row.auc, 1, 3, interval=full),
        *changes,
    ]


def _text(figure: Figure, scale: int, digits: int, *, interval: bool = True) -> str:
    if interval:
        return figure_text(figure, lambda value: f"{scale * value:.{digits}f}")
    return "-" if figure.value is None else f"{scale * figure.value:.{digits}f}"


def _p_value(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _notes(result: StressResult, full: bool = False) -> Iterator[str]:
    """Yield a sentence for each thing in the table that needs one; ``full`` as for ``_cells``."""
    yield (
        "false events: events found in clips without a fall, an hour and a clip of these. lost, "
        "gained: falls found undisturbed only, and under disturbance only; p: McNemar's exact "
        f"test of these two, corrected for their {len(result.rows) - 1} rows (Holm)."
    )
    told = [row.recall for row in result.rows]
    if full:
        told += [f for row in result.rows for f in (row.per_hour, row.per_clip, row.auc)]
    yield from interval_notes(told)
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
        "falls": row.falls,
        "found": row.found,
        "recall": _figure_data(row.recall),
        "false_events": row.false_events,
        "hours": row.hours,
        "false_per_hour": _figure_data(row.per_hour),
        "false_per_clip": _figure_data(row.per_clip),
        "auc": _figure_data(row.auc),
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


def _figure_data(figure: Figure) -> dict[str, Any]:
    return {"value": figure.value, **interval_data(figure.interval)}
