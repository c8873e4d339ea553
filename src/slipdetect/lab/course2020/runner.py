"""Running attempts one after the other, so that a stop or a failure costs no more than itself.

In: attempts, and what trains and scores one. Out: the folders they fill; why some failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from slipdetect.errors import SlipdetectError
from slipdetect.lab.course2020.attempts import DONE, OPEN, Attempt, attempt_state, begin

logger = logging.getLogger(__name__)

Say = Callable[[str, int, int], None]


class Work(Protocol):
    """What trains and scores one attempt."""

    def facts(self, attempt: Attempt) -> dict[str, Any]:
        """Return everything that its figures depend on, as plain JSON data."""

    def run(self, attempt: Attempt, folder: Path, say: Say) -> None:
        """Train in ``folder`` or go on there, and leave both files of scores.

        Args:
            attempt: What to do.
            folder: Its folder, which exists.
            say: Called with (stage, steps done, steps in all).
        """


@dataclass(frozen=True)
class Progress:
    """Where a run over many attempts is.

    Attributes:
        attempt: The one at work.
        index: Its number among those to do, from 0.
        count: How many there are to do.
        stage: What it does.
        done: Steps done of this stage.
        total: Steps of this stage.
    """

    attempt: Attempt
    index: int
    count: int
    stage: str
    done: int
    total: int


def states(attempts: Sequence[Attempt], work: Work, out: Path) -> dict[Attempt, str]:
    """Return the state of every attempt.

    Raises:
        OutputError: A folder holds an attempt with other facts.
    """
    return {item: attempt_state(item.folder(out), work.facts(item)) for item in attempts}


def run_attempts(
    attempts: Sequence[Attempt],
    work: Work,
    out: Path,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_end: Callable[[Attempt, BaseException | None], None] = lambda attempt, error: None,
) -> dict[Attempt, str]:
    """Do what is not done yet; an error ends its attempt and no other.

    Args:
        attempts: What is wanted.
        work: What does one.
        out: Folder of all.
        on_progress: Called as work goes on.
        on_end: Called after every attempt, with its error if it failed.

    Returns:
        Why attempts failed, by attempt.

    Raises:
        OutputError: A folder holds an attempt with other facts; nothing was begun then.
    """
    known = states(attempts, work, out)
    pending = [item for item in attempts if known[item] != DONE]
    failures: dict[Attempt, str] = {}
    for index, item in enumerate(pending):
        place = partial(Progress, item, index, len(pending))

        def say(stage: str, done: int, total: int, place: Callable[..., Progress] = place) -> None:
            on_progress(place(stage, done, total))

        error: Exception | None = None
        try:
            _do(item, work, out, say)
        except Exception as caught:
            error = caught
            failures[item] = reason(caught)
        on_end(item, error)
    return failures


def _do(attempt: Attempt, work: Work, out: Path, say: Say) -> None:
    folder, facts = attempt.folder(out), work.facts(attempt)
    if attempt_state(folder, facts) == OPEN:
        begin(folder, facts)
    work.run(attempt, folder, say)
    if attempt_state(folder, facts) != DONE:
        raise SlipdetectError(f"{attempt.name} ended without its scores")


def reason(error: BaseException) -> str:
    """Return in one line why an attempt failed."""
    if isinstance(error, SlipdetectError):
        return str(error)
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    logger.debug("failed", exc_info=error)
    return " ".join(text.split())
