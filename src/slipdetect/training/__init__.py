"""Training: the numbers of a run, the loop, and what a run leaves behind.

In: annotated clips. Out: model packages; torch loads only when a run is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.training.config import TrainConfig

if TYPE_CHECKING:
    from slipdetect.training.run import Progress, TrainingRun

__all__ = ["Progress", "TrainConfig", "TrainingRun"]


def __getattr__(name: str) -> object:
    if name in ("Progress", "TrainingRun"):
        from slipdetect.training import run

        return getattr(run, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
