"""Compiling the kernels once per machine, ahead of their first use.

In: functions and their signatures. Out: compiled functions, kept on disk where that is possible.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as StillRunning
from functools import cache
from typing import Any

from numba import njit

logger = logging.getLogger(__name__)

_SILENT_SECONDS = 2.0


def kernel(function: Callable[..., Any]) -> Any:
    """Make a compiled function that runs without Python's lock and is kept for the next process."""
    try:
        return njit(nogil=True, cache=True)(function)
    except RuntimeError:
        # no folder can be written, neither the package's nor the user's
        return njit(nogil=True)(function)


@cache
def _preparation(module: str) -> Future[None]:
    from importlib import import_module

    done: Future[None] = Future()

    def compile_all() -> None:
        try:
            for function, signature in import_module(module).KERNELS:
                function.compile(signature)
        except BaseException as error:
            done.set_exception(error)
        else:
            done.set_result(None)

    threading.Thread(target=compile_all, name="compile-flow").start()
    return done


class Prepared:
    """Kernels of a module (its ``KERNELS``) that get compiled on a thread of their own."""

    def __init__(self, module: str) -> None:
        self._done = _preparation(module)

    def wait(self) -> None:
        """Wait until the kernels are ready, and say so if that takes long."""
        try:
            self._done.result(_SILENT_SECONDS)
        except StillRunning:
            logger.warning(
                "preparing TV-L1 flow for this processor; the first time takes some seconds"
            )
            self._done.result()
