"""Trying again what goes over a network: when, how often, and in which words it failed.

In: one try. Out: why none was successful.
"""

from __future__ import annotations

import os
import ssl
import threading
import time
from collections.abc import Callable, Sequence

PAUSES = (1.0, 2.0, 4.0, 8.0)  # before each further try, seconds
_SECONDS_IN_ALL = 60.0


def try_again(
    once: Callable[[float], tuple[str | None, bool]],
    stopped: threading.Event,
    pauses: Sequence[float] = PAUSES,
) -> str | None:
    """Try until it works, for a minute in all.

    Args:
        once: Tries once, within the seconds given; returns what went wrong, if anything, and
            whether it will go wrong again.
        stopped: Set when no further try makes sense.
        pauses: Seconds before each further try.

    Returns:
        What went wrong at last and how often it was tried; None after a success.
    """
    deadline = time.monotonic() + _SECONDS_IN_ALL
    tries = 0
    for pause in (*pauses, None):
        tries += 1
        reason, final = once(deadline - time.monotonic())
        if reason is None:
            return None
        over = pause is None or time.monotonic() + pause >= deadline
        if final or over or stopped.wait(pause):
            break
    return f"{reason} ({'1 try' if tries == 1 else f'{tries} tries'})"


def connection_reason(error: BaseException | None) -> str:
    """Return why a connection failed, in words that never come from its address."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"no safe connection ({error.reason or 'TLS'})"
    if isinstance(error, OSError) and error.strerror:
        return os.fspath(error.strerror).lower()
    known = error is None or isinstance(error, OSError)
    return "the connection broke" if known else type(error).__name__
