"""What an epoch measured, which epoch is best, and when to stop.

In: figures of epochs. Out: an order among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch.nn import functional

from slipdetect.lab.stats.ranking import area_under_curve


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

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)

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
