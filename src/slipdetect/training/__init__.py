"""Training: the numbers of a run, the loop, and what a run leaves behind."""

from slipdetect.training.config import TrainConfig
from slipdetect.training.run import Progress, TrainingRun

__all__ = ["Progress", "TrainConfig", "TrainingRun"]
