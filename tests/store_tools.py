"""Small extractions for tests, in shards of eight frames.

In: videos and settings. Out: a store, and what happened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract.batch import run_batch
from slipdetect.lab.extract.context import ExtractionResult, StopFlag, make_recipe
from slipdetect.lab.extract.plan import Planner, Rules, Task
from slipdetect.store import layout

SHARD = 8
DIS = FlowExtractor("dis")


class Record:
    """A listener that writes down what it is told."""

    def __init__(self) -> None:
        self.results: dict[str, ExtractionResult] = {}
        self.errors: dict[str, Exception] = {}
        self.shares: list[float] = []

    def progress(self, share: float, frames: int, task: Task | None) -> None:
        self.shares.append(share)

    def finished(self, task: Task, result: ExtractionResult) -> None:
        self.results[task.path.name] = result

    def failed(self, path: Path, error: Exception) -> None:
        self.errors[path.name] = error


def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make shards of eight frames until the test ends."""
    monkeypatch.setattr(layout, "MAX_FRAMES", SHARD)


def extract(
    folder: Path,
    *videos: Path,
    stop: StopFlag | None = None,
    jobs: int = 1,
    rules: Rules | None = None,
    **settings: Any,
) -> Record:
    """Extract ``videos`` into ``folder``; errors of single videos are in the record."""
    folder.mkdir(exist_ok=True)
    recipe = make_recipe(**{"flow": DIS, **settings})
    planner = Planner(folder, recipe, Rules() if rules is None else rules, videos)
    record = Record()
    tasks = [task for video in videos if (task := planner.task(video)) is not None]
    run_batch(tasks, folder, recipe, record, StopFlag() if stop is None else stop, jobs)
    return record


def flip_byte(path: Path) -> None:
    """Change one bit in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def stamps(folder: Path) -> dict[str, tuple[int, int]]:
    """Return (inode, time of last change) of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in files
    }
