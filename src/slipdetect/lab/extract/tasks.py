"""One video of an extraction, who is told of it, and who may stop it.

In: a ``Task``. Out: its ``Outcome``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from slipdetect.errors import DataError
from slipdetect.lab.extract.plan import Task
from slipdetect.lab.extract.tools import GO_ON, Outcome, Progress, Tools
from slipdetect.store.manifest import read_manifest


class Watcher(Protocol):
    """Is told how a batch goes."""

    def progress(self, share: float, frames: int, task: Task | None) -> None:
        """Take note that ``share`` (0..1) of the work is done and ``frames`` were read."""
        ...

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Take note that a video is in the store."""
        ...

    def failed(self, path: Path, error: Exception) -> None:
        """Take note that a video could not be extracted."""
        ...


class Stop:
    """Whether somebody wants the batch to end; called, it tells how soon.

    Attributes:
        level: GO_ON, FINISH_SHARD or AT_ONCE.
    """

    def __init__(self) -> None:
        self.level = GO_ON

    def __call__(self) -> int:
        """Return the level."""
        return self.level


def do_task(task: Task, tools: Tools, on_progress: Progress) -> Outcome:
    """Extract or repair one video.

    Raises:
        SlipdetectError: It could not be done.
        Interrupted: It was stopped.
    """
    if not task.damaged:
        from slipdetect.lab.extract.extract_video import extract_video

        return extract_video(task, tools, on_progress)
    from slipdetect.lab.extract.repair_video import repair_video

    manifest = read_manifest(tools.folder, task.key)
    if manifest is None:
        raise DataError(f"the manifest of {task.key!r} is gone; run extract again")
    return repair_video(task.path, manifest, task.damaged, tools, on_progress)
