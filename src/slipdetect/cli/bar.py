"""A progress bar with a sentence in front of it.

In: how much is done, and words. Out: one line on stderr that is gone afterwards.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_SECONDS_BETWEEN = 0.1


class Bar:
    """A progress bar, or nothing at all when not shown.

    Args:
        total: What ``show`` counts up to.
        shown: Whether to draw.
    """

    def __init__(self, total: float, shown: bool) -> None:
        self._bar: Any = None
        self._drawn = 0.0
        if shown:
            from tqdm import tqdm

            self._bar = tqdm(
                total=total,
                file=sys.stderr,
                leave=False,
                dynamic_ncols=True,
                bar_format="{desc} |{bar}| {percentage:3.0f}%",
            )

    def show(self, done: float, text: str, *, now: bool = False) -> None:
        """Draw the bar at ``done`` behind ``text``, at most ten times a second unless ``now``."""
        if self._bar is None:
            return
        if not now and time.monotonic() - self._drawn < _SECONDS_BETWEEN:
            return
        self._drawn = time.monotonic()
        self._bar.n = min(done, self._bar.total)
        self._bar.set_description_str(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar away while the block writes to the terminal."""
        if self._bar is None:
            yield
            return
        self._bar.clear()
        try:
            yield
        finally:
            self._bar.refresh()

    def close(self) -> None:
        """Remove the bar from the terminal."""
        if self._bar is not None:
            self._bar.close()
