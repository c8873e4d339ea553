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
from slipdetect.flow.machine import usable_cpus
from slipdetect.lab.data import Clip
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
        if what == "cpus":
            return f"{usable_cpus()}/{os.environ['OPENCV_FOR_THREADS_NUM']} "
        return f"{word.upper()} by {os.getpid()}"


@dataclass(frozen=True)
class Telling:
    """Makes what tells of a source as detection does, and returns its name.

    Attributes:
        folder: Where a source that is done leaves a file.
    """

    folder: Path

    def __call__(self) -> Callable[[str, Link], str]:
        """Return it."""
        return self.do

    def do(self, source: str, link: Link) -> str:
        """Look at a source."""
        if source == "bad":
            raise VideoError("'bad' is damaged")
        _, waits, other = source.partition("waits-for-")
        deadline = time.monotonic() + 20
        while waits and not (self.folder / other).exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        link.tell(("progress", 1.0, 2.0))
        while source.startswith("endless") and link.stopping() == GO_ON:
            time.sleep(0.01)
        link.tell(("event", f"fall in {source}"))
        (self.folder / source).touch()
        return source


@dataclass(frozen=True)
class ClipWords:
    """Makes what returns the name of a clip in capitals, and adds a mark beside its file."""

    def __call__(self) -> Callable[[Clip, Link | None], str]:
        """Return it."""
        return self.do

    def do(self, clip: Clip, link: Link | None) -> str:
        """Look at a clip."""
        name = clip.path.name
        if name == "wrong":
            raise ValueError(name)
        if name == "late":
            time.sleep(0.1)
        with clip.path.with_suffix(".mark").open("a") as stream:
            stream.write(".")
        if name == "bad":
            raise VideoError(f"{name!r} is damaged")
        return name.upper()
