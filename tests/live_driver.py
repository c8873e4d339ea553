"""What tests of live runs share: a scene with one event, reading what was told, acting on it.

In: a time, JSON lines, or what to wait for. Out: a picture; the lines as data.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

EVENT = (0.6, 1.2)


def lamp(moment: float) -> np.ndarray:
    on = EVENT[0] <= moment < EVENT[1]
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def kinds(text: str) -> list[str]:
    return [line["type"] for line in lines(text)]


# lines told on stdout, and all of stderr, so far
Enough = Callable[[list[dict[str, Any]], str], bool]
_PATIENCE, _LOOK_EVERY = 60.0, 0.02


@contextmanager
def afterwards(*steps: tuple[Enough, Callable[[], object]]) -> Iterator[None]:
    """Act as soon as a run of click's runner within the block has told enough, step by step.

    A run that never tells enough is ended by SIGTERM.
    """
    over = threading.Event()

    def work() -> None:
        for enough, act in steps:
            for _ in range(round(_PATIENCE / _LOOK_EVERY)):
                if over.wait(_LOOK_EVERY):
                    return
                if enough(lines(_caught("stdout").rpartition("\n")[0]), _caught("stderr")):
                    break
            else:
                interrupt()
                return
            act()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def interrupt(number: int = signal.SIGTERM) -> None:
    """Send this process, whose main thread runs the command, a signal."""
    os.kill(os.getpid(), number)


def has_told(kind: str, *cameras: str, times: int = 1) -> Enough:
    """Say whether every one of ``cameras`` has told so many of ``kind``; any, where none is named.

    Returns:
        What ``afterwards`` asks.
    """

    def enough(so_far: list[dict[str, Any]], _: str) -> bool:
        of = [line.get("camera") for line in so_far if line["type"] == kind]
        return all(of.count(camera) >= times for camera in cameras) and len(of) >= times

    return enough


def has_said(words: str) -> Enough:
    """Say whether ``words`` are on stderr, for ``afterwards``."""
    return lambda _, stderr: words in stderr


def all_of(*each: Enough) -> Enough:
    """Say whether all are so, for ``afterwards``."""
    return lambda so_far, stderr: all(enough(so_far, stderr) for enough in each)


def _caught(name: str) -> str:
    """Return what click's runner has caught of a stream; nothing before it runs."""
    buffer = getattr(sys, name).buffer
    return buffer.getvalue().decode() if hasattr(buffer, "getvalue") else ""
