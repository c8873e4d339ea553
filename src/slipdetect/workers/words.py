"""What a worker says: it is ready, how far it is, what came out, or that it is gone.

In: nothing. Out: small frozen classes, which travel between processes and machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Ready:
    """The worker has loaded what it needs, on a machine of this name."""

    machine: str


@dataclass(frozen=True)
class Told:
    """Something that a task and its caller have agreed on, such as how far it is."""

    message: Any


@dataclass(frozen=True)
class Logged:
    """A record that the library logged in the worker, for the log of the process that waits."""

    level: int
    text: str


@dataclass(frozen=True)
class Done(Generic[R]):
    """The task is done, and has returned this."""

    result: R


@dataclass(frozen=True)
class Failed:
    """The task, or the start of the worker, failed; the worker lives."""

    error: Exception


@dataclass(frozen=True)
class Lost:
    """The worker is gone and so is what it was doing.

    Attributes:
        reason: In words, such as ``exit code -9``.
        with_machine: Its machine does not answer any more; the task has no part in that.
    """

    reason: str
    with_machine: bool = False


Word: TypeAlias = Ready | Told | Logged | Done[object] | Failed | Lost
