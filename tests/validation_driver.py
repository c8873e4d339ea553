"""Validates one window in two processes whose batch norms have seen different things.

In: nothing. Out: a line per process: the logits that it was told, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.processes import leave_processes, make_accelerator
from stub_models import stub_tsn
from tiny_clips import tiny_config


class OneWindow:
    """A set smaller than the number of processes."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.zeros(1), 1

    def describe(self, index: int) -> str:
        return "the window"


def main(out: str) -> None:
    """Write what this process was told to a file of its own."""
    accelerator = make_accelerator("cpu", "fp32")
    rank = accelerator.process_index
    unused: Any = None
    trainer = Trainer(stub_tsn(partial_bn=False), tiny_config(), unused, accelerator)
    for buffer in trainer.network.buffers():
        buffer.fill_(rank + 1)

    def forward(model: Any, images: torch.Tensor, labels: torch.Tensor) -> Any:
        return torch.full((len(images), 2), 7.0), torch.zeros(())

    windows: Any = OneWindow()
    with mock.patch.object(trainer, "_forward", forward):
        trainer.validate(windows)
    assert trainer.validated is not None
    logits, labels = trainer.validated
    buffers = sorted({float(value) for b in trainer.network.buffers() for value in b.flatten()})
    told = {"logits": logits.tolist(), "labels": labels.tolist(), "buffers": buffers}
    (Path(out) / f"{os.environ['RANK']}.json").write_text(json.dumps(told))
    leave_processes()


if __name__ == "__main__":
    main(*sys.argv[1:])
