"""What ``slipdetect reproduce`` shows: trials, progress, the table and its files.

In: an ``Experiment`` and what happens in it. Out: lines on both streams, files in its folder.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._io import atomic_write
from slipdetect.cli.console import Bar, Console
from slipdetect.lab.course2020.attempts import DONE, Attempt
from slipdetect.lab.course2020.reproduce_table import (
    reproduce_csv,
    reproduce_data,
    reproduce_markdown,
    reproduce_text,
)
from slipdetect.lab.course2020.reproduce_warnings import flags, leak_warning
from slipdetect.lab.course2020.runner import Progress, reason, states
from slipdetect.reports.text_columns import aligned

if TYPE_CHECKING:
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.reported import Reported
    from slipdetect.lab.course2020.result import TableResult


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
        text = "\n".join(aligned(rows))
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
        if result.chosen:
            files |= self._curves(result)
        for file, content in files.items():
            with atomic_write(out / file, overwrite=True) as temporary:
                temporary.write_text(content, encoding="utf-8", newline="\n")
        written = [*files, *([f"{name}.png"] if (out / f"{name}.png").exists() else [])]
        self._console.note(f"written to {out}: {', '.join(written)}")

    def _curves(self, result: TableResult) -> dict[str, str]:
        """Draw how the runs learned; return the figures behind the picture by file name."""
        from slipdetect.lab.course2020.curves import validation_curves
        from slipdetect.lab.train.epochs_csv import epochs_csv
        from slipdetect.lab.train.learning_curves import draw_learning_curves

        histories = self._experiment.histories()
        if not histories:
            return {}
        target = self._experiment.out / f"{result.name}.png"
        with atomic_write(target, overwrite=True) as temporary:
            draw_learning_curves(validation_curves(histories), temporary)
        return {f"{result.name}-epochs.csv": epochs_csv(histories, "run", flags(result))}
