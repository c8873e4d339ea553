"""What an epoch measured, which epoch is best, when to stop, and how far a stream's training is.

In: steps and figures of epochs. Out: plain numbers; an order among epochs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch.nn import functional

from slipdetect.lab.stats.ranking import area_under_curve

METRICS = "metrics.jsonl"  # of a run: a line per stream and epoch
CURVES = "curves.csv"  # the same for spreadsheets


@dataclass(frozen=True)
class Progress:
    """How far a run is: what it does, steps done of steps in all, and a figure to show."""

    stage: str
    done: int
    total: int
    note: str = ""


@dataclass(frozen=True)
class EpochMetrics:
    """What one epoch measured; validation values are None without validation windows."""

    epoch: int
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    val_auc: float | None
    lr: float

    @property
    def quality(self) -> tuple[float, float]:
        """Orders epochs: by validation AUC, among equals by loss, so that small sets still rank."""
        auc = 0.0 if self.val_auc is None else self.val_auc
        return auc, -self.watched_loss

    @property
    def watched_loss(self) -> float:
        """Validation loss, or training loss where nothing is held out."""
        return self.train_loss if self.val_loss is None else self.val_loss


def judged(logits: torch.Tensor, labels: torch.Tensor) -> tuple[float, float, float | None]:
    """Return loss, accuracy and area under the ROC curve of validation logits.

    Args:
        logits: ``(windows, classes)``; class 0 is the slip.
        labels: ``(windows,)`` class indices.
    """
    loss = float(functional.cross_entropy(logits, labels))
    accuracy = float((logits.argmax(1) == labels).float().mean())
    scores = logits.softmax(1)[:, 0].nan_to_num().tolist()
    return loss, accuracy, area_under_curve((labels == 0).tolist(), scores)


def best_epoch(history: Sequence[EpochMetrics]) -> int:
    """Return the index of the best epoch; the earliest of equals."""
    return max(range(len(history)), key=lambda index: (history[index].quality, -index))


def is_exhausted(history: Sequence[EpochMetrics], patience: int) -> bool:
    """Tell whether the last ``patience`` epochs (0: any number) brought no better validation."""
    if patience == 0 or not history or history[-1].val_loss is None:
        return False
    return len(history) - 1 - best_epoch(history) >= patience


@dataclass
class TrainerState:
    """Numbers that a checkpoint holds."""

    step: int = 0  # steps done, over the whole run
    bad_steps: int = 0  # how many of the last ones in a row were left out
    between_epochs: bool = True  # whether no step of the next epoch has been made
    # sum of the losses of this process's items in this epoch; in a checkpoint, of all
    loss_sum: float = 0.0
    correct: float = 0.0  # how many of them were right
    seen: float = 0.0  # how many there were
    history: list[EpochMetrics] = field(default_factory=list)  # what every finished epoch measured

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
