"""What a worker does: it is made once, loads a model, and then does one task after the other.

In: a ``Make``, tasks. Out: ``Word``s, errors of every kind among them.
"""

from __future__ import annotations

import logging
import os
import pickle
import time
import traceback
from collections.abc import Callable
from typing import Protocol, TypeVar

from slipdetect.errors import SlipdetectError
from slipdetect.flow.machine import limit_cpus
from slipdetect.workers.words import Done, Failed, Logged, Told, Word

GO_ON, SOON, AT_ONCE = range(3)  # when a task shall stop: not, where it suits, as soon as it can

_LOGGER = logging.getLogger("slipdetect")

T = TypeVar("T")
R = TypeVar("R")
T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)


class Interrupted(Exception):
    """The task was asked to stop; nothing came out."""


class Link(Protocol):
    """What a task has of whoever waits for it."""

    def tell(self, message: object) -> None:
        """Say something; it arrives before the result does."""
        ...

    def stopping(self) -> int:
        """Return ``GO_ON``, ``SOON`` or ``AT_ONCE``."""
        ...


# does a task, in a worker
Do = Callable[[T, Link], R]


class Make(Protocol[T_contra, R_co]):
    """Makes what does the tasks, once in every worker; it must survive pickling.

    Raises:
        SlipdetectError: This machine lacks something; it is then told by name.
    """

    def __call__(self) -> Callable[[T_contra, Link], R_co]:
        """Load what all tasks need."""
        ...


class Paced:
    """Passes on what it is called with, at most five times a second; the rest is left out.

    Args:
        tell: Takes it.
        seconds: Between two times.
    """

    def __init__(self, tell: Callable[[object], None], seconds: float = 0.2) -> None:
        self._tell = tell
        self._seconds = seconds
        self._due = 0.0

    def __call__(self, message: object) -> None:
        """Pass ``message`` on if it is time."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._seconds
            self._tell(message)


def made(make: Make[T, R]) -> Callable[[T, Link], R]:
    """Return what does the tasks; whoever waits loads it too, and tells of warnings."""
    _LOGGER.addHandler(logging.NullHandler())
    return make()


def do_task(do: Callable[[object, Link], object], task: object, link: Link) -> Word:
    """Do a task and return what came of it; nothing is raised, as nobody is there to take it."""
    handler = _Forwarding(link)
    _LOGGER.addHandler(handler)
    try:
        return Done(do(task, link))
    except Exception as error:
        return Failed(portable(error))
    finally:
        _LOGGER.removeHandler(handler)


def portable(error: Exception) -> Exception:
    """Return an error that survives the way to another process, with its traceback as a note.

    Those of slipdetect and of Python stay what they are, also where they cannot be pickled with
    all they hold; of a library's own nothing but the text may survive.
    """
    note = "in a worker:\n" + "".join(traceback.format_exception(error)).rstrip()
    try:
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made here, a line above
        if type(copy) is not type(error) or str(copy) != str(error):
            raise TypeError("another error came out")
    except Exception:
        text = (
            str(error) if isinstance(error, SlipdetectError) else f"{type(error).__name__}: {error}"
        )
        kind = next((k for k in type(error).__mro__ if k.__module__ == "slipdetect.errors"), None)
        copy = RuntimeError(text) if kind is None else kind(text)
    copy.add_note(note)
    return copy  # type: ignore[no-any-return]


def share_cpus(count: int) -> None:
    """Let everything in this process that computes in threads use ``count`` CPUs at most."""
    limit_cpus(count)
    # read by libraries when they load: this must come before the first of them
    os.environ.setdefault("OMP_NUM_THREADS", str(count))
    os.environ["OPENCV_FOR_THREADS_NUM"] = str(count)


class _Forwarding(logging.Handler):
    """Gives warnings and errors that a task logs to whoever waits for it."""

    def __init__(self, link: Link) -> None:
        super().__init__(logging.WARNING)
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        self._link.tell(Logged(record.levelno, record.getMessage()))


def word_of(message: object) -> Word:
    """Return what was told as a word."""
    return message if isinstance(message, Logged) else Told(message)
