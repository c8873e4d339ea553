"""Running attempts: what is done stays done, a stop goes on, a failure stays alone.

In: work that writes made-up scores. Out: nothing but assertions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slipdetect.errors import ModelError, OutputError
from slipdetect.lab.course2020.runs import (
    Attempt,
    Progress,
    attempt_state,
    make_attempts,
    read_attempt,
    run_attempts,
    scores_file,
    states,
)
from slipdetect.lab.course2020.tables import Trial
from slipdetect.lab.evaluate.scores import ClipScores, write_scores

TRIALS = [Trial(key, "resnet18", "rgb", "course2020-rgb") for key in ("a", "b", "c")]


def made_scores(facts: dict[str, Any]) -> ClipScores:
    return ClipScores(
        labels=("slip", "other"),
        positive="slip",
        clips=("x.mp4", "y.mp4"),
        groups=("x", "y"),
        datasets=("", ""),
        truth=np.array([0, 1]),
        logits={"rgb": np.array([[1, 0], [0, 1]], np.float32)},
        facts={"trial": facts},
    )


@dataclass
class MadeWork:
    """Work that trains nothing; ``errors`` are raised by trial, the second file left out."""

    lr: float = 0.1
    errors: dict[str, BaseException] = field(default_factory=dict)
    began: list[str] = field(default_factory=list)

    def facts(self, attempt: Attempt) -> dict[str, Any]:
        return {
            "trial": attempt.trial.key,
            "seed": attempt.seed,
            "config": {"lr": self.lr, "lr_steps": (1, 2)},
        }

    def run(self, attempt: Attempt, folder: Path, say: Any) -> None:
        self.began.append(attempt.trial.key)
        scores = made_scores(json.loads(json.dumps(self.facts(attempt))))
        write_scores(scores, scores_file(folder, "val"), overwrite=True)
        say("training", 1, 2)
        if attempt.trial.key in self.errors:
            raise self.errors[attempt.trial.key]
        write_scores(scores, scores_file(folder, "test"))


def test_every_trial_has_its_first_seed_before_any_second() -> None:
    attempts = make_attempts(TRIALS, [3, 4])
    assert [(item.trial.key, item.seed) for item in attempts] == [
        (key, seed) for seed in (3, 4) for key in "abc"
    ]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    attempts = make_attempts(TRIALS, [0])
    work = MadeWork()
    assert set(states(attempts, work, tmp_path).values()) == {"open"}
    assert run_attempts(attempts, work, tmp_path) == {}
    assert set(states(attempts, work, tmp_path).values()) == {"done"}
    assert run_attempts(attempts, work, tmp_path) == {}
    assert work.began == ["a", "b", "c"]
    scores = read_attempt(attempts[0].folder(tmp_path))
    assert scores["test"].clips == ("x.mp4", "y.mp4")
    assert run_attempts(make_attempts(TRIALS, [0, 1]), work, tmp_path) == {}
    assert work.began == ["a", "b", "c", "a", "b", "c"]


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    attempts = make_attempts(TRIALS, [0])
    work = MadeWork(errors={"b": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        run_attempts(attempts, work, tmp_path)
    assert list(states(attempts, work, tmp_path).values()) == ["done", "begun", "open"]
    work.errors.clear()
    assert run_attempts(attempts, work, tmp_path) == {}
    assert work.began == ["a", "b", "b", "c"]


def test_a_failure_stays_alone_and_is_tried_again(tmp_path: Path) -> None:
    attempts = make_attempts(TRIALS, [0])
    work = MadeWork(errors={"a": ModelError("no weights"), "b": ValueError("odd\nthing")})
    ended: list[tuple[str, bool]] = []
    failures = run_attempts(
        attempts,
        work,
        tmp_path,
        on_end=lambda item, error: ended.append((item.name, error is None)),
    )
    assert list(failures.values()) == ["no weights", "ValueError: odd thing"]
    assert ended == [("a seed 0", False), ("b seed 0", False), ("c seed 0", True)]
    work.errors.clear()
    assert run_attempts(attempts, work, tmp_path) == {}
    assert work.began == ["a", "b", "c", "a", "b"]


def test_work_that_leaves_no_scores_has_failed(tmp_path: Path) -> None:
    class Lazy(MadeWork):
        def run(self, attempt: Attempt, folder: Path, say: Any) -> None:
            pass

    failures = run_attempts(make_attempts(TRIALS[:1], [0]), Lazy(), tmp_path)
    assert list(failures.values()) == ["a seed 0 ended without its scores"]


def test_other_facts_in_the_same_folder_are_refused_before_anything_begins(tmp_path: Path) -> None:
    run_attempts(make_attempts(TRIALS[1:2], [0]), MadeWork(), tmp_path)
    other = MadeWork(lr=0.2)
    with pytest.raises(OutputError, match=r"config\.lr 0\.1 instead of 0\.2; choose another --out"):
        run_attempts(make_attempts(TRIALS, [0]), other, tmp_path)
    assert other.began == []
    assert not (tmp_path / "a").exists()


def test_scores_from_elsewhere_are_refused(tmp_path: Path) -> None:
    attempt = make_attempts(TRIALS[:1], [0])[0]
    run_attempts([attempt], MadeWork(), tmp_path)
    folder = attempt.folder(tmp_path)
    write_scores(made_scores({"trial": "z"}), scores_file(folder, "test"), overwrite=True)
    with pytest.raises(OutputError, match='trial "z" instead of "a"'):
        attempt_state(folder, MadeWork().facts(attempt))


def test_progress_counts_what_is_left_to_do(tmp_path: Path) -> None:
    attempts = make_attempts(TRIALS, [0])
    run_attempts(attempts[:1], MadeWork(), tmp_path)
    seen: list[Progress] = []
    run_attempts(attempts, MadeWork(), tmp_path, on_progress=seen.append)
    assert [(p.attempt.trial.key, p.index, p.count) for p in seen] == [("b", 0, 2), ("c", 1, 2)]
    assert (seen[0].stage, seen[0].done, seen[0].total) == ("training", 1, 2)
