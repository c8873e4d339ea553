"""Small extractions for tests, in shards of eight frames.

In: videos and settings. Out: a store, and what happened.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipdetect.lab.extract import batch
from slipdetect.lab.extract.plan import Planner, Rules, Task
from slipdetect.lab.extract.request import ExtractionRequest, FlowRequest
from slipdetect.lab.extract.tools import Outcome
from slipdetect.store import units

SHARD = 8
DIS = FlowRequest("dis")


class Record:
    """A watcher that writes down what it is told."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.errors: dict[str, Exception] = {}
        self.shares: list[float] = []

    def progress(self, share: float, frames: int, task: Task | None) -> None:
        self.shares.append(share)

    def finished(self, task: Task, outcome: Outcome) -> None:
        self.outcomes[task.path.name] = outcome

    def failed(self, path: Path, error: Exception) -> None:
        self.errors[path.name] = error


def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make shards of eight frames until the test ends."""
    monkeypatch.setattr(units, "MAX_FRAMES", SHARD)


def extract(
    folder: Path,
    *videos: Path,
    stop: batch.Stop | None = None,
    jobs: int = 1,
    rules: Rules | None = None,
    **settings: Any,
) -> Record:
    """Extract ``videos`` into ``folder``; errors of single videos are in the record."""
    folder.mkdir(exist_ok=True)
    request = ExtractionRequest(**{"flow": DIS, **settings})
    planner = Planner(folder, request, Rules() if rules is None else rules, videos)
    record = Record()
    tasks = [task for video in videos if (task := planner.task(video)) is not None]
    batch.run_batch(tasks, folder, request, record, batch.Stop() if stop is None else stop, jobs)
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
