"""A table from plan to figures: run what is missing, then compute every cell.

In: a ``Table``, a ``Division``, what does the work. Out: a ``TableResult``, and how runs learned.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.course2020.division import SIDES, Division
from slipdetect.lab.course2020.results import (
    FAILED,
    MISSING,
    CellResult,
    Chosen,
    Side,
    TableResult,
    evaluate_cell,
    majority_accuracy,
)
from slipdetect.lab.course2020.runs import (
    DONE,
    RUN,
    Attempt,
    Progress,
    TrainingWork,
    attempt_state,
    clear,
    make_attempts,
    read_attempt,
    run_attempts,
    states,
)
from slipdetect.lab.course2020.tables import Cell, Table
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.train.metrics import METRICS, EpochMetrics, best_epoch

Scores = dict[str, ClipScores]


@dataclass(frozen=True)
class Experiment:
    """A table to be run on one division of clips."""

    table: Table  # what to run
    division: Division  # on which clips
    out: Path  # folder of all attempts
    work: TrainingWork  # what trains and scores one
    seeds: Sequence[int]  # seeds of every trial
    shown: Mapping[str, str]  # settings to show with the table, by name
    smoke: bool = False  # whether the run only shows that everything runs

    def attempts(self, only: str | None = None) -> list[Attempt]:
        """Return what there is to run: the trials whose names match a shell-style pattern.

        Raises:
            UsageError: No trial has such a name.
        """
        trials = [
            trial
            for trial in self.table.trials
            if only is None or fnmatch.fnmatchcase(trial.key, only)
        ]
        if not trials:
            known = ", ".join(trial.key for trial in self.table.trials)
            raise UsageError(f"no trial of {self.table.name} is called {only!r}; there are {known}")
        return make_attempts(trials, self.seeds)

    def run(
        self,
        only: str | None = None,
        on_progress: Callable[[Progress], None] = lambda progress: None,
        on_end: Callable[[Attempt, BaseException | None], None] = lambda attempt, error: None,
    ) -> dict[Attempt, str]:
        """Do what is not done yet; return why attempts failed."""
        # what --only leaves out must fit as well, because the table is made of all
        for attempt, state in states(self.attempts(), self.work, self.out).items():
            if state == DONE:
                # a kill after the last score leaves checkpoints behind
                clear(attempt.folder(self.out), smoke=self.smoke)
        return run_attempts(self.attempts(only), self.work, self.out, on_progress, on_end)

    def result(self, failures: Mapping[Attempt, str]) -> TableResult:
        """Return the table as far as its attempts are done, with why others failed."""
        done = {
            attempt: read_attempt(attempt.folder(self.out))
            for attempt in self.attempts()
            if attempt_state(attempt.folder(self.out), self.work.facts(attempt)) == DONE
        }
        why = {attempt.name: reason for attempt, reason in failures.items()}
        failed = {attempt.trial.key for attempt in failures}
        rows = []
        for row in self.table.rows:
            cells = []
            for column, cell in zip(self.table.columns, row.cells, strict=True):
                try:
                    cells.append(self._cell(cell, done, failed))
                except DataError as error:
                    why[f"{row.label} of {column}"] = str(error)
                    cells.append(CellResult(FAILED))
            rows.append((row.label, tuple(cells)))
        test = next(iter(done.values()))["test"] if done else None
        train = self.division.side("train")
        positives = sum(clip.positive for clip in train) / len(train)
        return TableResult(
            name=self.table.name,
            title=self.table.title,
            columns=self.table.columns,
            rows=tuple(rows),
            notes=(*self.table.notes, *self._unread(test)),
            sides={name: self._side(name) for name in SIDES},
            majority=None if test is None else majority_accuracy(positives, test),
            settings=self.shown,
            failures=why,
            smoke=self.smoke,
            chosen=self._chosen() if self.table.has_curves else (),
            leaked=self.division.leaked,
        )

    def histories(self) -> dict[str, list[EpochMetrics]]:
        """Return the epochs of every attempt that has some, by column heading and seed."""
        headings = dict(zip((t.key for t in self.table.trials), self.table.columns, strict=False))
        found = {}
        for attempt in self.attempts():
            history = read_history(attempt.folder(self.out) / RUN)
            if history:
                name = headings.get(attempt.trial.key, attempt.trial.key)
                more = f", seed {attempt.seed}" if len(self.seeds) > 1 else ""
                found[name + more] = history
        return found

    def _chosen(self) -> tuple[Chosen | None, ...]:
        first = make_attempts(self.table.trials, self.seeds[:1])
        return tuple(chosen_epoch(read_history(item.folder(self.out) / RUN)) for item in first)

    def _cell(self, cell: Cell, done: Mapping[Attempt, Scores], failed: set[str]) -> CellResult:
        by_seed = [
            {a.trial.key: scores for a, scores in done.items() if a.seed == seed}
            for seed in self.seeds
        ]
        if all(key in run for run in by_seed for key in cell.trials):
            return evaluate_cell(cell, by_seed)
        return CellResult(FAILED if failed & set(cell.trials) else MISSING)

    def _side(self, name: str) -> Side:
        clips = self.division.side(name)
        positives = sum(clip.positive for clip in clips)
        return Side(len(clips), positives, len({clip.group for clip in clips}))

    def _unread(self, test: ClipScores | None) -> list[str]:
        missing = 0 if test is None else len(self.division.side("test")) - len(test.clips)
        if not missing:
            return []
        return [f"{missing} test clips could not be read and are not counted."]


def read_history(run: Path) -> list[EpochMetrics]:
    """Return the epochs of a run of one stream; none before its first epoch ended.

    Raises:
        DataError: The file is damaged.
    """
    path = run / METRICS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    try:
        rows = [json.loads(line) for line in lines]
        return [EpochMetrics(**{k: v for k, v in row.items() if k != "modality"}) for row in rows]
    except (ValueError, TypeError, AttributeError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}; delete its folder") from error


def chosen_epoch(history: Sequence[EpochMetrics]) -> Chosen | None:
    """Return what validation measured after the best epoch and after the last one."""
    if not history:
        return None
    index = best_epoch(history)
    best, last = history[index], history[-1]
    values = (best.val_accuracy, best.val_loss, last.val_accuracy, last.val_loss)
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return Chosen(index + 1, len(history), *known)
