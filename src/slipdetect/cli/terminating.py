"""SIGTERM, which service managers send, ends a run as Ctrl-C does.

In: nothing. Out: a context.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Raise ``KeyboardInterrupt`` on SIGTERM while the block runs."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread hears signals
        return

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
