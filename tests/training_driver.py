"""Trains a tiny network on tiny clips, as one process of several or one that will be killed.

In: folder of clips, folder for results, JSON of settings, ``--resume`` if wanted. Out: the run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from slipdetect import backbones
from slipdetect.datasets import read_annotations
from slipdetect.training import Progress, TrainingRun
from tiny_clips import create_tiny, tiny_config


def main(data: str, out: str, settings: str, *flags: str) -> None:
    """Train; with ``kill_at`` in the settings, die without a word after that many steps."""
    values = json.loads(settings)
    kill_at = values.pop("kill_at", 0)
    backbones.create_backbone = create_tiny  # type: ignore[assignment]

    def watch(progress: Progress) -> None:
        if kill_at and progress.stage.startswith("training") and progress.done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    folder = Path(data)
    TrainingRun(
        read_annotations(folder / "clips.csv"),
        Path(out),
        ["rgb"],
        tiny_config(**values),
        cache=folder / "cache",
        device="cpu",
        resume="--resume" in flags,
        on_progress=watch,
    ).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
