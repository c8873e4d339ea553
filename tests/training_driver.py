"""Trains a tiny network on tiny clips, as one process of several or one that will be killed.

In: folder of clips, folder for results, JSON of settings, ``--resume`` if wanted. Out: the run.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch

from slipdetect import backbones
from slipdetect.lab.data import read_annotations
from slipdetect.lab.train import Progress, TrainingRun, records
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.processes import leave_processes
from tiny_clips import create_tiny, tiny_config


def main(data: str, out: str, settings: str, *flags: str) -> None:
    """Train; with ``kill_at`` in the settings, die without a word after that many steps.

    With ``nan_at`` the second process, and it alone, has a loss of NaN in these steps.
    """
    values = json.loads(settings)
    kill_at = values.pop("kill_at", 0)
    spoil(values.pop("nan_at", []))
    backbones.create_backbone = create_tiny  # type: ignore[assignment]
    # a picture an epoch would take most of the time here
    records.draw_curves = lambda *args, **options: None  # type: ignore[assignment]

    def watch(progress: Progress) -> None:
        if kill_at and progress.stage.startswith("training") and progress.done == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    folder = Path(data)
    if "RANK" in os.environ:
        # who was there, for the test
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "GROUP_RANK")
        there = {name: os.environ.get(name) for name in names}
        (folder / f"process-{there['RANK']}.json").write_text(json.dumps(there))
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
    leave_processes()


def spoil(steps: list[int]) -> None:
    """Make the loss NaN in these steps of the second process."""
    forward = Trainer._forward

    def spoilt(self: Trainer, model: Any, images: torch.Tensor, labels: torch.Tensor) -> Any:
        logits, loss = forward(self, model, images, labels)
        bad = os.environ.get("RANK") == "1" and model.training and self.state.step in steps
        return logits, loss * float("nan") if bad else loss

    Trainer._forward = spoilt  # type: ignore[method-assign]


if __name__ == "__main__":
    main(*sys.argv[1:])
