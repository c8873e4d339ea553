"""One trial with one seed in its folder: what it is, and whether it is done.

In: a trial, a seed, the facts it must have. Out: its state, or an error where a folder differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipdetect.errors import OutputError
from slipdetect.lab.course2020.facts import Facts, read_facts, require_same, write_facts
from slipdetect.lab.course2020.plan import Trial
from slipdetect.lab.evaluate.scores import ClipScores, read_scores

OPEN, BEGUN, DONE = "open", "begun", "done"
FACTS_FILE = "facts.json"
SCORED_SIDES = ("val", "test")


@dataclass(frozen=True)
class Attempt:
    """A trial with one seed."""

    trial: Trial
    seed: int

    @property
    def name(self) -> str:
        """What the user reads."""
        return f"{self.trial.key} seed {self.seed}"

    def folder(self, out: Path) -> Path:
        """Return the folder of this attempt below ``out``."""
        return out / self.trial.key / f"seed{self.seed}"


def make_attempts(trials: Sequence[Trial], seeds: Sequence[int]) -> list[Attempt]:
    """Return every trial with every seed: all trials with the first seed come first."""
    return [Attempt(trial, seed) for seed in seeds for trial in trials]


def scores_file(folder: Path, side: str) -> Path:
    """Return where the scores of ``"val"`` or ``"test"`` are."""
    return folder / f"scores-{side}.npz"


def attempt_state(folder: Path, facts: Facts) -> str:
    """Return ``"open"``, ``"begun"`` or ``"done"``; done is what has both files of scores.

    Raises:
        OutputError: The folder holds an attempt with other facts.
        DataError: A file in it is damaged.
    """
    path = folder / FACTS_FILE
    if not path.exists():
        return OPEN
    require_same(read_facts(path), facts, folder)
    paths = [scores_file(folder, side) for side in SCORED_SIDES]
    if not all(file.exists() for file in paths):
        return BEGUN
    for file in paths:
        require_same(read_scores(file).facts.get("trial", {}), facts, folder)
    return DONE


def begin(folder: Path, facts: Facts) -> None:
    """Make the folder and write what will be done in it.

    Raises:
        OutputError: It cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {str(folder)!r}: {error.strerror}") from error
    write_facts(folder / FACTS_FILE, facts)


def read_attempt(folder: Path) -> dict[str, ClipScores]:
    """Return the scores of a done attempt by side.

    Raises:
        DataError: A file is missing or damaged.
    """
    return {side: read_scores(scores_file(folder, side)) for side in SCORED_SIDES}
