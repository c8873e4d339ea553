"""How far a stream's training is, apart from tensors; with them enough to go on exactly.

In: steps and epochs as they end. Out: plain numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from slipdetect.lab.train.metrics import EpochMetrics


@dataclass
class TrainerState:
    """Numbers that a checkpoint holds.

    Attributes:
        step: Steps done, over the whole run.
        bad_steps: How many of the last ones in a row were left out.
        between_epochs: Whether no step of the next epoch has been made.
        loss_sum: Sum of the losses of this process's items in this epoch; in a checkpoint, of all.
        correct: How many of them were right.
        seen: How many there were.
        history: What every finished epoch measured.
    """

    step: int = 0
    bad_steps: int = 0
    between_epochs: bool = True
    loss_sum: float = 0.0
    correct: float = 0.0
    seen: float = 0.0
    history: list[EpochMetrics] = field(default_factory=list)

    def figures(self) -> torch.Tensor:
        """Return ``loss_sum``, ``correct`` and ``seen``, float64."""
        return torch.tensor([self.loss_sum, self.correct, self.seen], dtype=torch.float64)

    def take_figures(self, figures: torch.Tensor) -> None:
        """Replace them by others."""
        self.loss_sum, self.correct, self.seen = figures.tolist()

    def end_epoch(self, metrics: EpochMetrics) -> None:
        """Keep what the epoch measured and begin to count anew."""
        self.history.append(metrics)
        self.between_epochs = True
        self.take_figures(torch.zeros(3))
