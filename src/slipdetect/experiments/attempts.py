"""One trial with one seed in its folder: what it is, and whether it is done.

In: a trial, a seed, the facts it must have. Out: its state, or an error where a folder differs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipdetect._io import atomic_write
from slipdetect.errors import DataError, OutputError
from slipdetect.evaluation.scores import ClipScores, read_scores
from slipdetect.experiments.plan import Trial

OPEN, BEGUN, DONE = "open", "begun", "done"
FACTS_FILE = "facts.json"
SCORED_SIDES = ("val", "test")
_SHOWN = 4

Facts = Mapping[str, Any]


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
    _require_same(_read_facts(path), _plain(facts), folder)
    paths = [scores_file(folder, side) for side in SCORED_SIDES]
    if not all(file.exists() for file in paths):
        return BEGUN
    for file in paths:
        _require_same(read_scores(file).facts.get("trial", {}), _plain(facts), folder)
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
    with atomic_write(folder / FACTS_FILE, overwrite=True) as temporary:
        text = json.dumps(_plain(facts), indent=2, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")


def read_attempt(folder: Path) -> dict[str, ClipScores]:
    """Return the scores of a done attempt by side.

    Raises:
        DataError: A file is missing or damaged.
    """
    return {side: read_scores(scores_file(folder, side)) for side in SCORED_SIDES}


def _require_same(before: Facts, now: Facts, folder: Path) -> None:
    old, new = _flat(before), _flat(now)
    differing = [key for key in sorted({*old, *new}) if old.get(key) != new.get(key)]
    if not differing:
        return
    listed = ", ".join(
        f"{key} {_shown(old.get(key))} instead of {_shown(new.get(key))}"
        for key in differing[:_SHOWN]
    )
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    raise OutputError(
        f"{str(folder)!r} holds a run with {listed}{more}; choose another --out, or delete that "
        "folder to run it anew"
    )


def _flat(facts: Facts, before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in facts.items():
        name = f"{before}{key}"
        found.update(_flat(value, f"{name}.") if isinstance(value, Mapping) else {name: value})
    return found


def _shown(value: Any) -> str:
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)


def _plain(facts: Facts) -> dict[str, Any]:
    """Return the facts as JSON has them: lists for tuples."""
    plain: dict[str, Any] = json.loads(json.dumps(facts))
    return plain


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {str(path)!r}: {error}; delete its folder") from error
    if not isinstance(facts, dict):
        raise DataError(f"{str(path)!r} is no file of facts; delete its folder")
    return facts
