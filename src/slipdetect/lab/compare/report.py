"""A comparison as text: tables for a terminal, a page in Markdown, CSV, data for JSON.

In: a ``Comparison``. Out: text, or plain data.
"""

from __future__ import annotations

from typing import Any

from slipdetect._tables import csv_text
from slipdetect._text import plain_name, printable, shorten
from slipdetect.lab.compare.comparison import Comparison, Row, Versus
from slipdetect.lab.evaluate.clip_report import report_data
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.text import (
    Page,
    interval_data,
    metric_data,
    metric_text,
    p_value_text,
    scaled,
)
from slipdetect.reports.formats import no_formula

VERSION = 2

_CSV_METRICS = ("accuracy", "mean_class_accuracy", "auc")
_LONGEST_NAME = 60  # columns, in a sentence
_NONE = "no interval"
_CHOSEN = {
    "validation": "best on validation by mean-class accuracy, then AUC, then fewest streams",
    "name": "as asked for",
    "order": "the first row",
}


def comparison_page(comparison: Comparison, command: str = "", *, full: bool = False) -> Page:
    """Return the metrics of every row, and its test against the reference.

    A ``command`` is shown as that which did it; ``full`` adds what a terminal has no room for.
    """
    tables = [("", _metrics(comparison, full))]
    if len(comparison.rows) > 1:
        reference = printable(comparison.rows[comparison.reference].name)
        title = f"Against {shorten(reference, _LONGEST_NAME)} on the same clips"
        tables.append((title, _tests(comparison, full)))
    made = [f"made by: {command}"] if command else []
    return Page("Comparison", _subject(comparison), tables, [*_notes(comparison), *made])


def weights_text(row: Row) -> str:
    """Return such as ``"rgb 1, flow 1.5"``."""
    return ", ".join(f"{name} {weight:.3g}" for name, weight in row.weights.items())


def _subject(comparison: Comparison) -> str:
    test = comparison.rows[0].test
    return (
        f"{test.clips} test clips ({test.positives} {printable(test.positive)}) of {test.groups} "
        f"groups; always the more frequent label: {100 * comparison.majority:.1f}%"
    )


def _metrics(comparison: Comparison, full: bool) -> list[list[str]]:
    more = ["weights", "n", "mean-class on validation, %"] if full else []
    rows = [["", "accuracy, %", "mean-class accuracy, %", "AUC", *more]]
    for row in comparison.rows:
        metrics = row.test.metrics
        cells = [_percent(metrics["accuracy"]), _percent(metrics["mean_class_accuracy"])]
        cells.append(metric_text(metrics["auc"], scaled(1, 3)))
        if full:
            known = None if row.validation is None else row.validation.metrics
            value = None if known is None else known["mean_class_accuracy"].value
            checked = "-" if value is None else f"{100 * value:.1f}"
            cells += [weights_text(row), str(row.test.clips), checked]
        rows.append([_name(comparison, row), *cells])
    return rows


def _tests(comparison: Comparison, full: bool) -> list[list[str]]:
    head = ["only this right", "only ref. right", "p, Holm corrected", "AUC less the reference's"]
    rows = [["", *head, *(["p of McNemar"] if full else [])]]
    for row in comparison.rows:
        if row.versus is not None:
            rows.append([_name(comparison, row), *_versus(row.versus, full)])
    return rows


def _name(comparison: Comparison, row: Row) -> str:
    mark = "* " if row is comparison.rows[comparison.reference] else ""
    return mark + printable(row.name)


def _versus(versus: Versus, full: bool) -> list[str]:
    cells = [str(versus.gained), str(versus.lost), p_value_text(versus.corrected)]
    cells.append(_difference(versus.auc))
    return [*cells, *([p_value_text(versus.p_value)] if full else [])]


def _difference(metric: Metric | None) -> str:
    if metric is None or metric.value is None:
        return "-"
    ends = _NONE
    if metric.interval is not None:
        ends = f"{_signed(metric.interval.low)}, {_signed(metric.interval.high)}"
    return f"{_signed(metric.value)} [{ends}]"


def _signed(value: float) -> str:
    text = f"{value:+.3f}"
    return " 0.000" if float(text) == 0 else text


def _percent(metric: Metric) -> str:
    return metric_text(metric, scaled(100, 1))


def _notes(comparison: Comparison) -> list[str]:
    rows = comparison.rows
    found = [f"* the reference: {_CHOSEN[comparison.chosen_by]}."]
    if comparison.chosen_by == "validation":
        found[0] += " The test clips had no part in that."
    found.append(
        f"[ ] 95% intervals of {comparison.resamples} resamples of whole groups; with a star behind"
        " them exact ones, because resamples say nothing there."
    )
    tests = len(rows) - 1
    if tests:
        found.append(
            f"McNemar's exact test compares accuracies; Holm corrects its p for {tests} "
            f"comparison{'' if tests == 1 else 's'}. Differences of AUC have paired 95% intervals, "
            "not corrected."
        )
    differences = [row.versus.auc for row in rows if row.versus is not None]
    if any(each is not None and each.interval is None for each in differences):
        found.append(
            f"{_NONE}: all resamples agree, or a label has fewer groups than an interval needs."
        )
    fitted = [row for row in rows if row.streams.endswith(" fitted")]
    if fitted:
        found.append("fitted: weights of the least log-loss on the validation clips.")
    told = [(row, weights_text(row)) for row in fitted if not row.note]
    told += [(row, row.note) for row in rows if row.note]
    found += [f"{shorten(printable(row.name), _LONGEST_NAME)}: {text}." for row, text in told]
    return [*found, *(f"{printable(note)}." for note in comparison.notes)]


def comparison_csv(comparison: Comparison) -> str:
    """Return a whole CSV file that a spreadsheet opens without running anything in it.

    Shares are 0 to 1, a cell without a value is empty.
    """
    rows = [_cells(row, index == comparison.reference) for index, row in enumerate(comparison.rows)]
    return csv_text([rows[0], *(map(_cell, row.values()) for row in rows)])


def _cells(row: Row, is_reference: bool) -> dict[str, str | float | int | None]:
    versus, auc = row.versus, None if row.versus is None else row.versus.auc
    ends = interval_data(None if auc is None else auc.interval)
    cells: dict[str, str | float | int | None] = {
        "group": plain_name(row.group),
        "streams": row.streams,
        "weights": " ".join(f"{name}={weight:.6g}" for name, weight in row.weights.items()),
        "reference": "yes" if is_reference else "",
        "n": row.test.clips,
        "positives": row.test.positives,
        "groups": row.test.groups,
    }
    for name in _CSV_METRICS:
        data = metric_data(row.test.metrics[name])
        cells[name] = data["value"]
        cells |= {f"{name}_low": data["low"], f"{name}_high": data["high"]}
        cells[f"{name}_interval"] = data["method"]
    for name in _CSV_METRICS:
        known = None if row.validation is None else row.validation.metrics[name].value
        cells[f"validation_{name}"] = known
    return cells | {
        "only_this_right": None if versus is None else versus.gained,
        "only_reference_right": None if versus is None else versus.lost,
        "mcnemar_p": None if versus is None else versus.p_value,
        "mcnemar_p_holm": None if versus is None else versus.corrected,
        "auc_difference": None if auc is None else auc.value,
        "auc_difference_low": ends["low"],
        "auc_difference_high": ends["high"],
        "note": row.note,
    }


def _cell(value: str | float | int | None) -> str | int | None:
    if isinstance(value, str):
        return no_formula(value)
    return f"{value:.6g}" if isinstance(value, float) else value


def comparison_data(comparison: Comparison, command: str) -> dict[str, Any]:
    """Return everything as plain data; numbers are not rounded."""
    return {
        "version": VERSION,
        "command": command,
        "reference": plain_name(comparison.rows[comparison.reference].name),
        "reference_chosen_by": comparison.chosen_by,
        "reference_is": _CHOSEN[comparison.chosen_by],
        "majority_accuracy": comparison.majority,
        "resamples": comparison.resamples,
        "notes": [plain_name(note) for note in comparison.notes],
        "rows": [_row_data(row) for row in comparison.rows],
    }


def _row_data(row: Row) -> dict[str, Any]:
    versus = row.versus
    return {
        "name": plain_name(row.name),
        "group": plain_name(row.group),
        "streams": row.streams,
        "weights": row.weights,
        "note": row.note,
        "test": report_data(row.test),
        "validation": None if row.validation is None else report_data(row.validation),
        "versus": None
        if versus is None
        else {
            "gained": versus.gained,
            "lost": versus.lost,
            "p_value": versus.p_value,
            "corrected": versus.corrected,
            "auc": None if versus.auc is None else metric_data(versus.auc),
        },
    }
