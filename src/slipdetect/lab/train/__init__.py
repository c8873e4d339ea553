"""Training: numbers of a run, the loop, what a run leaves; torch loads when a run is asked for.

In: annotated clips. Out: model packages; torch loads only when a run is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.lab.train.config import TrainConfig as TrainConfig
    from slipdetect.lab.train.metrics import Progress as Progress
    from slipdetect.lab.train.run import TrainingRun as TrainingRun

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.lab.train.config": "TrainConfig",
        "slipdetect.lab.train.metrics": "Progress",
        "slipdetect.lab.train.run": "TrainingRun",
    },
)
