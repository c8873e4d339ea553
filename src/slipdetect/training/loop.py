"""The training loop of one stream: windows in, a trained network and its history out."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from slipdetect.datasets.window_dataset import TrainingWindows, ValidationWindows
from slipdetect.errors import TrainingError
from slipdetect.evaluation.clip_metrics import area_under_curve
from slipdetect.modalities.normalise import SnippetNormaliser
from slipdetect.models import TSN
from slipdetect.training.config import TrainConfig
from slipdetect.training.optimiser import make_optimiser, rate_factor

_BAD_STEPS_ALLOWED = 3


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


class Trainer:
    """Train one network on the windows of one modality.

    Args:
        model: The network.
        config: Numbers of the run.
        normaliser: From stored uint8 snippets to the network's input.
        device: Where to train.
        on_step: Called with (steps done, steps in all, loss) after every step.

    Attributes:
        validated: Logits ``(windows, classes)`` and labels ``(windows,)`` of the last validation.
    """

    def __init__(
        self,
        model: TSN,
        config: TrainConfig,
        normaliser: SnippetNormaliser,
        device: torch.device,
        on_step: Callable[[int, int, float], None] | None = None,
    ) -> None:
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.config = config
        self.normaliser = normaliser
        self.device = device
        self.on_step = on_step
        self._optimiser = make_optimiser(model, config)
        self._base_rates = [group["lr"] for group in self._optimiser.param_groups]
        self._amp = device.type == "cuda"
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._amp)
        self._loss = nn.CrossEntropyLoss()
        self.validated: tuple[torch.Tensor, torch.Tensor] | None = None
        self._step = 0
        self._bad_steps = 0

    def run(
        self, training: TrainingWindows, validation: ValidationWindows | None
    ) -> Iterator[EpochMetrics]:
        """Train epoch by epoch, yielding what each one measured.

        Raises:
            TrainingError: The loss was not finite three steps in a row, for a whole epoch, or in
                validation.
        """
        for epoch in range(self.config.epochs):
            training.set_epoch(epoch)
            train_loss, train_accuracy = self._train_epoch(training)
            val_loss, val_accuracy, val_auc = (
                (None, None, None) if validation is None else self._validate(validation)
            )
            rate = self.config.lr * self._factor(max(self._step - 1, 0), len(training))
            yield EpochMetrics(
                epoch, train_loss, train_accuracy, val_loss, val_accuracy, val_auc, rate
            )

    def _train_epoch(self, windows: TrainingWindows) -> tuple[float, float]:
        self.model.train()
        loss_sum, correct, seen = 0.0, 0, 0
        for images, labels in self._loader(windows):
            factor = self._factor(self._step, len(windows))
            for group, rate in zip(self._optimiser.param_groups, self._base_rates, strict=True):
                group["lr"] = rate * factor
            logits, loss = self._forward(images, labels)
            # a step without a finite loss is left out of the figures, as it is of the weights
            if self._update(loss):
                seen += len(labels)
                loss_sum += float(loss.detach()) * len(labels)
                correct += int((logits.argmax(1).cpu() == labels).sum())
            self._step += 1
            if self.on_step is not None:
                steps = self.config.epochs * self._steps_per_epoch(len(windows))
                self.on_step(self._step, steps, float(loss.detach()))
        if seen == 0:
            raise self._not_finite("in a whole epoch")
        return loss_sum / seen, correct / seen

    def _update(self, loss: torch.Tensor) -> bool:
        """Make one step unless loss or gradient is not finite; return whether the loss was."""
        self._optimiser.zero_grad(set_to_none=True)
        if not torch.isfinite(loss):
            self._count_bad_step()
            return False
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(self._optimiser)
        limit = self.config.clip_gradient
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), math.inf if limit == 0 else limit)
        # in mixed precision the scaler itself leaves such steps out until its scale fits
        if not self._amp and not torch.isfinite(norm):
            self._count_bad_step()
            return True
        self._bad_steps = 0
        self._scaler.step(self._optimiser)
        self._scaler.update()
        return True

    def _count_bad_step(self) -> None:
        self._bad_steps += 1
        if self._bad_steps >= _BAD_STEPS_ALLOWED:
            raise self._not_finite(f"{_BAD_STEPS_ALLOWED} steps in a row")

    def _not_finite(self, when: str) -> TrainingError:
        return TrainingError(
            f"the loss or its gradient was not finite {when}, at step {self._step}; nothing was "
            f"saved; lower --lr (now {self.config.lr:g})"
        )

    def _validate(self, windows: ValidationWindows) -> tuple[float, float, float | None]:
        self.model.eval()
        logits_seen, labels_seen = [], []
        with torch.inference_mode():
            for images, labels in self._loader(windows):
                logits, _ = self._forward(images, labels)
                logits_seen.append(logits.float().cpu())
                labels_seen.append(labels)
        logits, labels = torch.cat(logits_seen), torch.cat(labels_seen)
        loss = float(self._loss(logits, labels))
        if not math.isfinite(loss):
            raise self._not_finite("in validation")
        self.validated = logits, labels
        accuracy = float((logits.argmax(1) == labels).float().mean())
        scores = logits.softmax(1)[:, 0].tolist()
        return loss, accuracy, area_under_curve((labels == 0).tolist(), scores)

    def _forward(
        self, images: torch.Tensor, labels: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.normaliser(images.to(self.device, non_blocking=True))
        with torch.autocast(self.device.type, enabled=self._amp):
            try:
                logits = self.model(x)
            except ValueError as error:
                # torch has no class of its own for a batch norm that sees one value per channel
                if "more than 1 value per channel" not in str(error):
                    raise
                raise TrainingError(
                    f"batch norm cannot train on {len(labels)} window of so few snippets; raise "
                    "batch_size or num_segments, or freeze it (partial_bn all)"
                ) from error
            return logits, self._loss(logits, labels.to(self.device))

    def _loader(
        self, windows: TrainingWindows | ValidationWindows
    ) -> DataLoader[tuple[torch.Tensor, int]]:
        # items alternate between the labels and are drawn at random, so order needs no shuffling
        return DataLoader(windows, self.config.batch_size, num_workers=self.config.workers)

    def _steps_per_epoch(self, windows: int) -> int:
        return math.ceil(windows / self.config.batch_size)

    def _factor(self, step: int, windows: int) -> float:
        return rate_factor(self.config, step, self._steps_per_epoch(windows))
