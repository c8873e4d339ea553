"""What a worker says: it is ready, how far it is, what came out, or that it is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

R = TypeVar("R")


@dataclass(frozen=True)
class Ready:
    """The worker has loaded what it needs.

    Attributes:
        machine: Name of the machine that it runs on.
    """

    machine: str


@dataclass(frozen=True)
class Told:
    """Something that a task says while it is done, such as how far it is.

    Attributes:
        message: Whatever the task and its caller have agreed on.
    """

    message: Any


@dataclass(frozen=True)
class Logged:
    """A record that the library logged in the worker, for the log of the process that waits.

    Attributes:
        level: As of ``logging``.
        text: The message.
    """

    level: int
    text: str


@dataclass(frozen=True)
class Done(Generic[R]):
    """The task is done.

    Attributes:
        result: What it returned.
    """

    result: R


@dataclass(frozen=True)
class Failed:
    """The task, or the start of the worker, failed; the worker lives.

    Attributes:
        error: Why.
    """

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
