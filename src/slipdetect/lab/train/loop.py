"""The training loop of one stream: windows in, a trained network and its history out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch
from torch import nn

from slipdetect.lab.train.batches import (
    Batch,
    Share,
    StepBatches,
    TrainingSet,
    ValidationSet,
    WindowBatches,
    class_weights,
)
from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.faults import BadStep, NotFinite, explained
from slipdetect.lab.train.metrics import EpochMetrics, TrainerState, is_exhausted, judged
from slipdetect.lab.train.optimizer import make_optimizer, rate_factor
from slipdetect.modalities.normalize import SnippetNormalizer
from slipdetect.models import TSN

if TYPE_CHECKING:
    from accelerate import Accelerator
    from timm.utils.model_ema import ModelEmaV3

_BAD_STEPS_ALLOWED = 3


class Trainer:
    """Train one network on the windows of one modality.

    Everything random depends on (seed, step) or (seed, epoch, index), so that a run that goes on
    from a checkpoint is the run that was never interrupted.

    Args:
        model: The network.
        config: Numbers of the run.
        normalizer: From stored uint8 snippets to the network's input.
        accelerator: Device, arithmetic and processes.
        on_step: Called with (steps done, steps in all, loss) after every step.
        on_checkpoint: Called when the state is worth saving; the loop waits.

    Attributes:
        average: The running mean of the weights, which validation judges, when ``config.ema``.
        weights: Of the labels in the loss, ``(classes,)``, on the CPU.
        validated: Logits ``(windows, classes)`` and labels ``(windows,)`` of the last validation.
        waited: Seconds of the last epoch spent waiting for windows, and all its seconds.
    """

    def __init__(
        self,
        model: TSN,
        config: TrainConfig,
        normalizer: SnippetNormalizer,
        accelerator: Accelerator,
        on_step: Callable[[int, int, float], None] = lambda done, total, loss: None,
        on_checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        self.network = model.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.config = config
        self.normalizer = normalizer
        self.accelerator = accelerator
        self.on_step = on_step
        self.on_checkpoint = on_checkpoint
        self.state = TrainerState()
        optimizer = make_optimizer(model, config)
        self._base_rates = [group["lr"] for group in optimizer.param_groups]
        self.model, self.optimizer = accelerator.prepare(self.network, optimizer)
        self.average = _running_mean(self.network, config.ema) if config.ema else None
        self._share = Share(accelerator.process_index, accelerator.num_processes)
        self.weights = torch.ones(0)
        self._bad: list[BadStep] = []
        self.validated: Batch | None = None
        self.waited = (0.0, 0.0)

    @property
    def trained(self) -> TSN:
        """The network as it would be used now: the mean of its weights, if one is kept."""
        trained: TSN = self.network if self.average is None else self.average.module
        return trained

    def run(
        self, training: TrainingSet, validation: ValidationSet | None
    ) -> Iterator[EpochMetrics]:
        """Train from where ``state`` is, epoch by epoch, yielding what each one measured.

        Raises:
            NotFinite: The loss was not finite three steps in a row, for a whole epoch, or in
                validation.
            TrainingError: Memory ran out, a worker died, or batch norm cannot take the batches.
        """
        self.weights = class_weights(training, self.config.class_weights)
        history = self.state.history
        while len(history) < self.config.epochs:
            if is_exhausted(history, self.config.early_stop):
                return
            training.set_epoch(len(history))
            train_loss, train_accuracy = self._train_epoch(training)
            loss, accuracy, auc = (
                (None, None, None) if validation is None else self.validate(validation)
            )
            rate = self.config.lr * self._factor(max(self.state.step - 1, 0), training)
            metrics = EpochMetrics(
                len(history), train_loss, train_accuracy, loss, accuracy, auc, rate
            )
            self.state.end_epoch(metrics)
            yield metrics

    def _train_epoch(self, windows: TrainingSet) -> tuple[float, float]:
        self.model.train()
        state, parts = self.state, self.config.accumulate
        batches = self._batches(windows)
        batches.first_step = state.step - len(state.history) * batches.steps
        began, waited = time.perf_counter(), 0.0
        source = WindowBatches(windows, batches, self.config.workers, self.accelerator.device)
        loader, order = iter(source), iter(batches)
        items = self.config.batch_size // parts // self._share.count
        # torch tells of a dead worker by a signal's handler, so wherever this process then is
        with explained(self.config, source, items, self._share.count):
            for _ in range(batches.first_step, batches.steps):
                indices = [next(order) for _ in range(parts)]
                asked = time.perf_counter()
                step = [next(loader) for _ in range(parts)]
                waited += time.perf_counter() - asked
                loss = self.step(step, windows, indices)
                state.step += 1
                state.between_epochs = False
                self.on_step(state.step, self.config.epochs * batches.steps, loss)
                if self.config.save_every and state.step % self.config.save_every == 0:
                    self._pool_figures()
                    self.on_checkpoint()
        self.waited = waited, time.perf_counter() - began
        loss_sum, correct, seen = self._summed(state.figures()).tolist()
        if seen == 0:
            raise self._not_finite("in a whole epoch")
        return loss_sum / seen, correct / seen

    def _pool_figures(self) -> None:
        """Give the sums of all processes to the first one, which writes the checkpoint."""
        total = self._summed(self.state.figures())
        self.state.take_figures(total if self._share.index == 0 else torch.zeros(3))

    def step(self, parts: Sequence[Batch], windows: TrainingSet, indices: list[list[int]]) -> float:
        """Make one step unless a loss or the gradient is not finite; return the mean loss."""
        # dropout draws from (seed, step), so that going on from a checkpoint repeats nothing
        torch.manual_seed(hash((self.config.seed, self.state.step, self._share.index)))
        for group, base in zip(self.optimizer.param_groups, self._base_rates, strict=True):
            group["lr"] = base * self._factor(self.state.step, windows)
        self.optimizer.zero_grad(set_to_none=True)
        total = self._summed(sum(self.weights[labels].sum() for _, labels in parts))  # type: ignore[arg-type]
        loss_sum, correct = 0.0, 0
        for number, (images, labels) in enumerate(parts):
            is_last = number == len(parts) - 1
            with nullcontext() if is_last else self.accelerator.no_sync(self.model):
                logits, loss = self._forward(self.model, images, labels)
                if not self._everywhere(torch.isfinite(loss)):
                    return self._count_bad_step(float(loss.detach()), windows, indices)
                # processes average their gradients, so the sum over all items is what is divided
                self.accelerator.backward(loss * (self._share.count / total.to(loss.device)))
            loss_sum += float(loss.detach())
            correct += int((logits.detach().argmax(1).cpu() == labels).sum())
        mean = loss_sum * self._share.count / float(total)
        limit = self.config.clip_gradient
        norm = self.accelerator.clip_grad_norm_(
            self.model.parameters(), math.inf if limit == 0 else limit
        )
        count = sum(len(labels) for _, labels in parts)
        self.state.loss_sum += mean * count
        self.state.correct += correct
        self.state.seen += count
        # in half precision the scaler itself leaves such steps out until its scale fits
        if self.accelerator.scaler is None and not bool(torch.isfinite(norm)):
            return self._count_bad_step(mean, windows, indices)
        self.state.bad_steps = 0
        self._bad.clear()
        self.optimizer.step()
        if self.average is not None:
            # by the number of the step, so that there is no other state to restore
            self.average.update(self.network, step=self.state.step + 1)
        return mean

    def _forward(self, model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> Batch:
        """Return the logits and the sum of the items' weighted losses."""
        device = self.accelerator.device
        x = self.normalizer(images.to(device, non_blocking=True))
        with self.accelerator.autocast():
            logits = model(x)
        loss = nn.functional.cross_entropy(
            logits.float(), labels.to(device), self.weights.to(device), reduction="sum"
        )
        return logits, loss

    def validate(self, windows: ValidationSet) -> tuple[float, float, float | None]:
        """Return loss, accuracy and area under the ROC curve of what is held out.

        Each window is scored in one process; in all of them the network becomes the first's.

        Raises:
            NotFinite: The loss is not finite.
        """
        from accelerate.utils import gather_object

        network, config, share = self.trained, self.config, self._share
        network.eval()
        if share.count > 1:
            # batch norms that learn have statistics of their own in every process
            for buffer in network.buffers():
                torch.distributed.broadcast(buffer, 0)
        mine = range(share.index, len(windows), share.count)
        size = max(1, config.batch_size // share.count // config.accumulate)
        batches = [list(mine[first : first + size]) for first in range(0, len(mine), size)]
        source = WindowBatches(windows, batches, config.workers, self.accelerator.device)
        found: list[tuple[int, list[float], int]] = []
        loader = iter(source)
        with torch.inference_mode():
            for indices in batches:
                with explained(config, source, len(indices), share.count):
                    images, labels = next(loader)
                    logits, _ = self._forward(network, images, labels)
                found += zip(indices, logits.float().cpu().tolist(), labels.tolist(), strict=True)
        rows = sorted(gather_object(found))
        self.validated = torch.tensor([row[1] for row in rows]), torch.tensor([r[2] for r in rows])
        loss, accuracy, auc = judged(*self.validated)
        if not math.isfinite(loss):
            raise self._not_finite("in validation")
        return loss, accuracy, auc

    def _batches(self, windows: TrainingSet) -> StepBatches:
        config = self.config
        return StepBatches(len(windows), config.batch_size, config.accumulate, self._share)

    def _factor(self, step: int, windows: TrainingSet) -> float:
        losses = [metrics.watched_loss for metrics in self.state.history]
        return rate_factor(self.config, step, self._batches(windows).steps, losses)

    def _summed(self, values: torch.Tensor) -> torch.Tensor:
        """Return the sum of ``values`` over all processes."""
        if self._share.count == 1:
            return values
        moved = values.to(self.accelerator.device)
        total: torch.Tensor = self.accelerator.reduce(moved, "sum")
        return total.cpu()

    def _everywhere(self, holds: torch.Tensor) -> bool:
        """Tell whether something holds in every process, which must all do the same."""
        return float(self._summed(holds.float())) == self._share.count

    def _count_bad_step(self, loss: float, windows: TrainingSet, indices: list[list[int]]) -> float:
        """Leave the step out; three in a row end the run."""
        from accelerate.utils import gather_object

        self.state.bad_steps += 1
        # the process that writes them down need not be the one whose items are to blame
        items = gather_object([windows.describe(index) for part in indices for index in part])
        worst = next((v for v in gather_object([loss]) if not math.isfinite(v)), loss)
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        self._bad.append(BadStep(self.state.step, worst, max(rates), items))
        if self.state.bad_steps >= _BAD_STEPS_ALLOWED:
            raise self._not_finite(f"{_BAD_STEPS_ALLOWED} steps in a row")
        return loss

    def _not_finite(self, when: str) -> NotFinite:
        return NotFinite(
            f"the loss or its gradient was not finite {when}, at step {self.state.step}; "
            f"lower --lr (now {self.config.lr:g}) and begin anew with --overwrite",
            self._bad,
        )


def _running_mean(network: TSN, decay: float) -> ModelEmaV3:
    # timm takes seconds to load
    from timm.utils.model_ema import ModelEmaV3

    # early on the mean follows faster, so that it does not remember the random start
    return ModelEmaV3(network, decay, use_warmup=True)
