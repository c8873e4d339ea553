"""Training: numbers of a run, the loop, what a run leaves; torch loads when a run is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.lab.train.config import TrainConfig

if TYPE_CHECKING:
    from slipdetect.lab.train.progress import Progress
    from slipdetect.lab.train.run import TrainingRun

__all__ = ["Progress", "TrainConfig", "TrainingRun"]


def __getattr__(name: str) -> object:
    if name == "Progress":
        from slipdetect.lab.train.progress import Progress

        return Progress
    if name == "TrainingRun":
        from slipdetect.lab.train.run import TrainingRun

        return TrainingRun
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
