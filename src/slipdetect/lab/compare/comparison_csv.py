"""A comparison as CSV that a spreadsheet opens without running anything in it, and as data.

In: a ``Comparison``. Out: text with a header and a row per way of scoring; plain data for JSON.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name
from slipdetect.lab.compare.comparison_table import chosen_text
from slipdetect.reports.formats import text_cell

if TYPE_CHECKING:
    from slipdetect.lab.compare.comparison import Comparison, Row
    from slipdetect.lab.evaluate.clip_report import Figure

VERSION = 1
_FIGURES = ("accuracy", "mean_class_accuracy", "auc")


def comparison_csv(comparison: Comparison) -> str:
    """Return a whole file; shares are 0 to 1, a cell without a value is empty."""
    rows = [_cells(row, index == comparison.reference) for index, row in enumerate(comparison.rows)]
    lines = [",".join(rows[0])]
    lines += [",".join(_cell(value) for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


def comparison_data(comparison: Comparison, command: str) -> dict[str, Any]:
    """Return everything as plain data; numbers are not rounded."""
    rows = []
    for row in comparison.rows:
        data = asdict(row)
        for name in ("test", "validation"):
            if data[name] is not None:
                data[name].pop("name")
        rows.append({"name": plain_name(row.name), **data, "group": plain_name(row.group)})
    return {
        "version": VERSION,
        "command": command,
        "reference": plain_name(comparison.rows[comparison.reference].name),
        "reference_chosen_by": comparison.chosen_by,
        "reference_is": chosen_text(comparison),
        "majority_accuracy": comparison.majority,
        "resamples": comparison.resamples,
        "notes": [plain_name(note) for note in comparison.notes],
        "rows": rows,
    }


def _cells(row: Row, is_reference: bool) -> dict[str, str | float | int | None]:
    versus = row.versus
    auc = None if versus is None else versus.auc
    cells: dict[str, str | float | int | None] = {
        "group": plain_name(row.group),
        "streams": row.streams,
        "weights": " ".join(f"{name}={weight:.6g}" for name, weight in row.weights.items()),
        "reference": "yes" if is_reference else "",
        "n": row.test.clips,
        "positives": row.test.positives,
        "groups": row.test.groups,
    }
    for name in _FIGURES:
        cells |= _figure(name, getattr(row.test, name))
    for name in _FIGURES:
        known = None if row.validation is None else getattr(row.validation, name).value
        cells[f"validation_{name}"] = known
    cells |= {
        "only_this_right": None if versus is None else versus.gained,
        "only_reference_right": None if versus is None else versus.lost,
        "mcnemar_p": None if versus is None else versus.p_value,
        "mcnemar_p_holm": None if versus is None else versus.corrected,
        "auc_difference": None if auc is None else auc.value,
        "auc_difference_low": None if auc is None else auc.low,
        "auc_difference_high": None if auc is None else auc.high,
        "note": row.note,
    }
    return cells


def _figure(name: str, figure: Figure) -> dict[str, str | float | int | None]:
    known = figure.interval
    return {
        name: figure.value,
        f"{name}_low": None if known is None else known.low,
        f"{name}_high": None if known is None else known.high,
        f"{name}_interval": "" if known is None else known.method,
    }


def _cell(value: str | float | int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return text_cell(value)
    return str(value) if isinstance(value, int) else f"{value:.6g}"
