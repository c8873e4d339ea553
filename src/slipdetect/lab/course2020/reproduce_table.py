"""A table of experiments as text: for a terminal, as Markdown, as CSV, as data.

In: a ``TableResult`` and, where wanted, the 2020 report's own figures. Out: text, or plain data.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from slipdetect.lab.course2020.reproduce_warnings import flags, warnings
from slipdetect.reports.text_columns import aligned, marked, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.course2020.reported import Reported
    from slipdetect.lab.course2020.result import CellResult, Chosen, Figure, Side, TableResult

VERSION = 1

_ACCURACY = "Accuracy, % (95% interval over whole groups)"
_MEAN_CLASS = "Mean-class accuracy, % (95% interval over whole groups)"

_CHOSEN = "Validation while training: the epoch that was chosen, and the last one"

_Pick = Callable[["CellResult"], "Figure | None"]
_BLOCKS: tuple[tuple[str, _Pick], ...] = (
    (_ACCURACY, lambda cell: cell.accuracy),
    (_MEAN_CLASS, lambda cell: cell.mean_class),
)


def reproduce_text(result: TableResult, reported: Reported | None = None) -> str:
    """Return the table for a terminal, of 100 columns at most where the headings allow."""
    lines = [line for warning in warnings(result) for line in (*wrapped(warning), "")]
    lines += [result.title, *wrapped(_caption(result))]
    for heading, pick in _BLOCKS:
        lines += ["", heading, "", *aligned([["", *result.columns], *_rows(result, pick)])]
    if result.chosen:
        lines += ["", _CHOSEN, "", *aligned([["", *result.columns], *_chosen_rows(result)])]
    notes = _notes(result)
    lines += ["", *[line for note in notes for line in wrapped(note)]]
    if reported is not None:
        lines += ["", "The 2020 course report's own figures, %, of other clips", ""]
        lines += aligned(_reported_rows(result, reported))
        lines += ["", *[line for note in _reported_notes(reported) for line in wrapped(note)]]
    return "\n".join(lines) + "\n"


def reproduce_markdown(result: TableResult, reported: Reported | None = None) -> str:
    """Return the same as a page in Markdown."""
    lines = [line for warning in warnings(result) for line in (f"**{warning}**", "")]
    lines += [f"# {result.title}", "", _caption(result)]
    for heading, pick in _BLOCKS:
        lines += ["", f"{heading}:", "", *marked(["", *result.columns], _rows(result, pick))]
    if result.chosen:
        lines += ["", f"{_CHOSEN}:", "", *marked(["", *result.columns], _chosen_rows(result))]
    notes = _notes(result)
    lines += ["", *[f"- {note}" for note in notes]]
    if reported is not None:
        head, *rows = _reported_rows(result, reported)
        lines += [
            "",
            "The 2020 course report's own figures, %, of other clips:",
            "",
            *marked(head, rows),
        ]
        lines += ["", *[f"- {note}" for note in _reported_notes(reported)]]
    return "\n".join(lines) + "\n"


def reproduce_csv(result: TableResult) -> str:
    """Return a row per cell, in shares of 1 without rounding."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    figures = [
        f"{kind}{end}" for kind in ("accuracy", "mean_class") for end in ("", "_low", "_high")
    ]
    writer.writerow(["table", "row", "column", "state", *figures, "seeds", *flags(result)])
    for label, cells in result.rows:
        for column, cell in zip(result.columns, cells, strict=True):
            values: list[object] = []
            for figure in (cell.accuracy, cell.mean_class):
                values += (
                    ["", "", ""] if figure is None else [figure.value, figure.low, figure.high]
                )
            seeds = 0 if cell.accuracy is None else len(cell.accuracy.by_seed)
            row = [result.name, label, column, cell.state, *values, seeds, *flags(result).values()]
            writer.writerow(row)
    return buffer.getvalue()


def reproduce_data(result: TableResult, reported: Reported | None = None) -> dict[str, Any]:
    """Return everything as plain data, in shares of 1 without rounding."""
    data = {"version": VERSION, **asdict(result)}
    data["rows"] = [
        {"label": label, "cells": [asdict(cell) for cell in cells]} for label, cells in result.rows
    ]
    if reported is not None:
        data["course_report"] = {
            "rows": {label: list(values) for label, values in reported.rows.items()},
            "unsound": [
                {"row": row, "column": column, "reason": reason}
                for (row, column), reason in reported.unsound.items()
            ],
            "notes": list(reported.notes),
        }
    return data


def _notes(result: TableResult) -> list[str]:
    leaks = () if result.leaked is None else result.leaked.sentences
    said = [f"The split leaks: {sentence}." for sentence in leaks]
    return [*result.notes, *said, *_weight_notes(result), *_failure_notes(result)]


def _caption(result: TableResult) -> str:
    """Say what the figures rest on."""
    train, val, test = (result.sides[name] for name in ("train", "val", "test"))
    always = ""
    if result.majority is not None:
        always = (
            f" Always the commoner label of training: {_percent(result.majority)}, mean-class 50.0."
        )
    settings = ", ".join(f"{name} {value}" for name, value in result.settings.items())
    return (
        f"Tested on n = {_of(test)}. Trained on {_of(train)}, epoch chosen on {_of(val)}.{always} "
        f"{settings[:1].upper()}{settings[1:]}."
    )


def _of(side: Side) -> str:
    return f"{side.clips} clips of {side.groups} groups ({side.positives} with a slip or fall)"


def _rows(result: TableResult, pick: _Pick) -> list[list[str]]:
    rows = []
    for label, cells in result.rows:
        figures = [pick(cell) for cell in cells]
        rows.append([label, *[_cell(c, f) for c, f in zip(cells, figures, strict=True)]])
        if any(figure is not None and len(figure.by_seed) > 1 for figure in figures):
            rows.append(["  range over seeds", *[_range(figure) for figure in figures]])
    return rows


def _chosen_rows(result: TableResult) -> list[list[str]]:
    kinds: tuple[tuple[str, Callable[[Chosen], str]], ...] = (
        ("epoch chosen", lambda run: f"{run.epoch} of {run.epochs}"),
        ("accuracy, %, chosen", lambda run: _percent(run.accuracy)),
        ("accuracy, %, last", lambda run: _percent(run.last_accuracy)),
        ("loss, chosen", lambda run: f"{run.loss:.3f}"),
        ("loss, last", lambda run: f"{run.last_loss:.3f}"),
    )
    return [
        [label, *["-" if run is None else show(run) for run in result.chosen]]
        for label, show in kinds
    ]


def _cell(cell: CellResult, figure: Figure | None) -> str:
    if figure is None:
        return "-" if cell.state != "failed" else "failed"
    low, high = round(100 * figure.low), round(100 * figure.high)
    return f"{_percent(figure.value)} ({low}-{high})"


def _range(figure: Figure | None) -> str:
    if figure is None or len(figure.by_seed) < 2:
        return ""
    return f"{_percent(min(figure.by_seed))}-{_percent(max(figure.by_seed))}"


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _weight_notes(result: TableResult) -> list[str]:
    """Name the weights that were fitted."""
    notes = []
    for label, cells in result.rows:
        named = [
            f"{column} {' / '.join(_weights(weights) for weights in cell.weights)}"
            for column, cell in zip(result.columns, cells, strict=True)
            if cell.fitted and cell.weights
        ]
        if named:
            why = dict.fromkeys(cell.note for cell in cells if cell.note)
            notes.append(f"Weights of '{label}': {'. '.join([', '.join(named), *why])}.")
    return notes


def _weights(weights: Sequence[float]) -> str:
    return ":".join(f"{weight:.3g}" for weight in weights)


def _failure_notes(result: TableResult) -> list[str]:
    """Name what failed, once for each reason."""
    names: dict[str, list[str]] = {}
    for name, reason in result.failures.items():
        names.setdefault(reason, []).append(name)
    return [f"Failed: {', '.join(failed)}: {reason}" for reason, failed in names.items()]


def _reported_rows(result: TableResult, reported: Reported) -> list[list[str]]:
    """Return headings and figures; those that cannot be so carry the letter of their note."""
    letters = {place: chr(97 + index) for index, place in enumerate(reported.unsound)}
    pad = "    " if letters else ""
    rows = [["", *[f"{name}{pad}" for name in reported.columns or result.columns]]]
    for label, values in reported.rows.items():
        cells = []
        for column, value in enumerate(values):
            letter = letters.get((label, column))
            mark = f" [{letter}]" if letter else pad
            cells.append(f"{value:.{reported.decimals}f}{mark}")
        rows.append([label, *cells])
    return rows


def _reported_notes(reported: Reported) -> list[str]:
    unsound = [
        f"[{chr(97 + index)}] {reason}." for index, reason in enumerate(reported.unsound.values())
    ]
    return [*unsound, *reported.notes]
