"""Tasks for workers in tests: each is a word that says what shall happen to it.

In: words. Out: what a worker makes of them. Imported by workers in other processes.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from slipdetect.errors import ModelError, VideoError
from slipdetect.workers import GO_ON, Interrupted, Link

logger = logging.getLogger("slipdetect.tests")


class OddError(VideoError):
    """An error that pickle cannot make again."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


@dataclass(frozen=True)
class Shouting:
    """Makes what answers a word in capitals.

    Attributes:
        folder: Where tasks note that they were begun: a byte in the file of their name.
        broken: Workers cannot start: ``raise`` or ``die``.
    """

    folder: Path
    broken: str = ""

    def __call__(self) -> Callable[[str, Link], str]:
        """Return it."""
        if self.broken == "die":
            os._exit(3)
        if self.broken:
            raise ModelError("the model is not there")
        return self.do

    def do(self, word: str, link: Link) -> str:
        """Do what the word says."""
        begun = self.folder / word
        with begun.open("ab") as stream:
            stream.write(b".")
        times = begun.stat().st_size
        what = word.partition("-")[0]
        if what == "bad":
            raise VideoError(f"{word!r} is damaged")
        if what == "odd":
            raise OddError(word, "odd")
        if what == "wrong":
            raise ValueError(word)
        if what == "deadly" or (what == "twice" and times < 3):
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "says":
            for number in range(3):
                link.tell(number)
            logger.warning("%s says", word)
        if what == "slow":
            while link.stopping() == GO_ON:
                time.sleep(0.01)
            raise Interrupted
        if what == "late":
            time.sleep(0.3)
        return f"{word.upper()} by {os.getpid()}"
