"""What ``slipdetect reproduce`` shows: trials, progress, and the table as text, CSV and data.

In: an ``Experiment`` and what happens in it; a ``TableResult`` and, where wanted, the 2020 course
report's own figures. Out: lines on both streams, files in its folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from slipdetect._io import atomic_write, write_text
from slipdetect._tables import csv_text
from slipdetect.cli.console import Bar, Console
from slipdetect.lab.course2020.division import Leaked
from slipdetect.lab.course2020.experiment import Experiment
from slipdetect.lab.course2020.results import CellResult, Chosen, Figure, Side, TableResult
from slipdetect.lab.course2020.runs import DONE, Attempt, Progress, reason, states
from slipdetect.lab.course2020.tables import Reported
from slipdetect.lab.stats.text import Page
from slipdetect.reports.text_table import text_table, wrapped

VERSION = 1
SMOKE = (
    "SMOKE RUN: few clips, three steps, random weights; it shows that all runs, "
    "its numbers mean nothing"
)

_ACCURACY = "Accuracy, % (95% interval over whole groups)"
_MEAN_CLASS = "Mean-class accuracy, % (95% interval over whole groups)"

_CHOSEN = "Validation while training: the epoch that was chosen, and the last one"

_Pick = Callable[[CellResult], Figure | None]
_BLOCKS: tuple[tuple[str, _Pick], ...] = (
    (_ACCURACY, lambda cell: cell.accuracy),
    (_MEAN_CLASS, lambda cell: cell.mean_class),
)


def flags(result: TableResult) -> dict[str, int]:
    """Return by column what every row of a table must say of all its figures.

    ``smoke`` is 1 if they mean nothing, ``leaks`` how many groups and files are on two sides of
    the split, ``leaking_test_clips`` how many test clips these hold.
    """
    leaked = result.leaked
    return {
        "smoke": int(result.smoke),
        "leaks": 0 if leaked is None else leaked.count,
        "leaking_test_clips": 0 if leaked is None else leaked.test_clips,
    }


def leak_warning(leaked: Leaked) -> str:
    """Return a sentence on what leaks and what that does to the figures."""
    many = "1 group or file is" if leaked.count == 1 else f"{leaked.count} groups or files are"
    return (
        f"LEAKING SPLIT: {many} on two sides of the data's split, with {leaked.test_clips} of "
        f"{leaked.of} test clips; the figures are too good for clips from elsewhere."
    )


def warnings(result: TableResult) -> list[str]:
    """Return the sentences that stand before the table."""
    smoke = [SMOKE] if result.smoke else []
    return [*smoke, *([] if result.leaked is None else [leak_warning(result.leaked)])]


def reproduce_text(result: TableResult, reported: Reported | None = None) -> str:
    """Return the table for a terminal, of 100 columns at most where the headings allow."""
    lines = [line for warning in warnings(result) for line in (*wrapped(warning), "")]
    return "\n".join([*lines, result.title, _page(result, reported).text()])


def reproduce_markdown(result: TableResult, reported: Reported | None = None) -> str:
    """Return the same as a page in Markdown."""
    lines = [line for warning in warnings(result) for line in (f"**{warning}**", "")]
    return "\n".join([*lines, _page(result, reported).markdown()])


def _page(result: TableResult, reported: Reported | None) -> Page:
    head, notes = ["", *result.columns], _notes(result)
    tables = [(heading, [head, *_rows(result, pick)]) for heading, pick in _BLOCKS]
    if result.chosen:
        tables.append((_CHOSEN, [head, *_chosen_rows(result)]))
    if reported is not None:
        heading = "The 2020 course report's own figures, %, of other clips"
        tables.append((heading, _reported_rows(result, reported)))
        notes += _reported_notes(reported)
    return Page(result.title, _caption(result), tables, notes)


def reproduce_csv(result: TableResult) -> str:
    """Return a row per cell, in shares of 1 without rounding."""
    figures = [
        f"{kind}{end}" for kind in ("accuracy", "mean_class") for end in ("", "_low", "_high")
    ]
    rows: list[list[object]] = [
        ["table", "row", "column", "state", *figures, "seeds", *flags(result)]
    ]
    for label, cells in result.rows:
        for column, cell in zip(result.columns, cells, strict=True):
            values: list[object] = []
            for figure in (cell.accuracy, cell.mean_class):
                values += (
                    ["", "", ""] if figure is None else [figure.value, figure.low, figure.high]
                )
            seeds = 0 if cell.accuracy is None else len(cell.accuracy.by_seed)
            named = [result.name, label, column, cell.state]
            rows.append([*named, *values, seeds, *flags(result).values()])
    return csv_text(rows)


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
    notes = []
    for label, cells in result.rows:
        named = []
        for column, cell in zip(result.columns, cells, strict=True):
            if cell.fitted and cell.weights:
                of_seeds = [":".join(f"{each:.3g}" for each in seed) for seed in cell.weights]
                named.append(f"{column} {' / '.join(of_seeds)}")
        if named:
            why = dict.fromkeys(cell.note for cell in cells if cell.note)
            notes.append(f"Weights of '{label}': {'. '.join([', '.join(named), *why])}.")
    return notes


def _failure_notes(result: TableResult) -> list[str]:
    names: dict[str, list[str]] = {}
    for name, why in result.failures.items():
        names.setdefault(why, []).append(name)
    return [f"Failed: {', '.join(failed)}: {why}" for why, failed in names.items()]


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
    return [*unsound, *(f"The report's figures: {note}" for note in reported.notes)]


class ReproduceView:
    """The terminal and the folder as one experiment sees them."""

    def __init__(self, console: Console, experiment: Experiment) -> None:
        self._console = console
        self._experiment = experiment
        self._bar: Bar | None = None
        self._began = 0.0
        self._reasons: set[str] = set()

    def warn(self) -> None:
        """Say what the split leaks."""
        if self._experiment.division.leaked is not None:
            self._console.warn(leak_warning(self._experiment.division.leaked))

    def listing(self, only: str | None) -> None:
        """Show every attempt and its state."""
        known = states(self._experiment.attempts(only), self._experiment.work, self._experiment.out)
        rows = [["trial", "seed", "recipe", "clips", "state"]]
        for attempt, state in known.items():
            trial = attempt.trial
            share = f"{100 * trial.share:.0f}%"
            rows.append([trial.key, str(attempt.seed), trial.recipe, share, state])
        done = sum(state == DONE for state in known.values())
        text = "\n".join(text_table(rows[0], rows[1:]))
        self._console.text(f"{text}\n\n{done} of {len(known)} runs done\n")

    def begin(self, only: str | None, split: Path) -> None:
        """Say what there is to do."""
        experiment = self._experiment
        known = states(experiment.attempts(only), experiment.work, experiment.out)
        done = sum(state == DONE for state in known.values())
        made = "from the data" if experiment.division.given else "made here"
        self._console.note(f"{len(known)} runs, {done} of them done already; split {made}: {split}")
        self._began = time.monotonic()

    @contextmanager
    def bar(self) -> Iterator[None]:
        """Show progress while the block runs; say how to go on if it is interrupted."""
        with self._console.bar(1.0) as self._bar:
            try:
                yield
            except KeyboardInterrupt:
                self._console.note("interrupted; the same command goes on where this stopped")
                raise

    def progress(self, progress: Progress) -> None:
        """Show how far a run is."""
        if self._bar is not None:
            share = progress.done / max(progress.total, 1)
            text = (
                f"{progress.index + 1}/{progress.count} {progress.attempt.trial.key}: "
                f"{progress.stage} {progress.done}/{progress.total}"
            )
            self._bar.show((progress.index + share) / progress.count, text)

    def ended(self, attempt: Attempt, error: BaseException | None) -> None:
        """Say that a run is done, or why it failed."""
        if error is None:
            seconds = time.monotonic() - self._began
            self._console.note(f"{attempt.name} done after {seconds:.0f} s")
        else:
            why = reason(error)
            known = "the same reason" if why in self._reasons else why
            self._console.error(f"{attempt.name} failed: {known}")
            self._reasons.add(why)
        self._began = time.monotonic()

    def table(self, result: TableResult, reported: Reported | None) -> None:
        """Write the table to stdout and to files; what an earlier run wrote is replaced."""
        self._console.text(reproduce_text(result, reported))
        out, name = self._experiment.out, result.name
        data = json.dumps(
            reproduce_data(result, reported), indent=2, ensure_ascii=False, allow_nan=False
        )
        files = {
            f"{name}.md": reproduce_markdown(result, reported),
            f"{name}.csv": reproduce_csv(result),
            f"{name}.json": data + "\n",
        }
        histories = self._experiment.histories() if result.chosen else {}
        if histories:
            from slipdetect.lab.train.learning_curves import draw_learning_curves
            from slipdetect.lab.train.records import curves_of, epochs_csv

            files[f"{name}-epochs.csv"] = epochs_csv(histories, "run", flags(result))
            with atomic_write(out / f"{name}.png", overwrite=True) as temporary:
                draw_learning_curves(curves_of(histories, parts=("val",)), temporary)
        for file, content in files.items():
            write_text(out / file, content, overwrite=True)
        written = [*files, *([f"{name}.png"] if histories else [])]
        self._console.note(f"written to {out}: {', '.join(written)}")
