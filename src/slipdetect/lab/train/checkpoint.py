"""The state of one stream's training on disk, exact.

In: a ``Trainer``. Out: one safetensors file; a ``Trainer`` that goes on where the file was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from slipdetect.errors import DataError, TrainingError
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.metrics import EpochMetrics, TrainerState, best_epoch
from slipdetect.lab.train.state_file import (
    StateFolder,
    optimizer_tensors,
    part,
    restore_optimizer,
)
from slipdetect.models import TSN
from slipdetect.models.weights_file import is_finite

_VALIDATED = ("validated.logits", "validated.labels")


class Checkpoints:
    """The checkpoints of one stream in a folder: the last state, and the weights of the best epoch.

    Checkpoints of a run with another recipe are refused.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self.folder = folder
        self.last = folder / "last.safetensors"
        self._states = StateFolder(folder, recipe)

    def best(self, epoch: int) -> Path:
        """Return the file of the weights after ``epoch``, if it is the best one."""
        return self.folder / f"best-{epoch}.safetensors"

    def save(self, trainer: Trainer) -> None:
        """Write the state of ``trainer``; an epoch just ended that is the best so far is kept too.

        Raises:
            TrainingError: Weights are not finite; the files stay as they were.
            OutputError: The folder cannot be written.
        """
        history = trainer.state.history
        just_ended = trainer.state.between_epochs and bool(history)
        if just_ended and best_epoch(history) == len(history) - 1:
            self._write(self.best(len(history) - 1), _weights(trainer.trained), trainer)
        self._write(self.last, _tensors(trainer), trainer)
        # only now does no state on disk speak of an earlier best epoch
        best = {self.best(best_epoch(history))} if history else set()
        self._states.keep_only({self.last, *best})

    def restore(self, trainer: Trainer) -> bool:
        """Put the last state into ``trainer``; return whether there was one.

        Raises:
            DataError: It is damaged, or of a run with other settings or clips.
        """
        if not self.last.exists():
            return False
        tensors, facts = self._states.read(self.last)
        try:
            _put_back(trainer, tensors, facts)
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            raise DataError(
                f"checkpoint {str(self.last)!r} does not fit this run: {error}; pass --overwrite "
                "to begin anew"
            ) from error
        return True

    def best_weights(self, epoch: int) -> tuple[dict[str, torch.Tensor], Any]:
        """Return the weights of the best epoch and its validation logits and labels (or None).

        Raises:
            DataError: The file is missing or damaged.
        """
        tensors, _ = self._states.read(self.best(epoch))
        validated = None
        if _VALIDATED[0] in tensors:
            validated = tensors.pop(_VALIDATED[0]), tensors.pop(_VALIDATED[1])
        return {name.removeprefix("model."): value for name, value in tensors.items()}, validated

    def _write(self, path: Path, tensors: dict[str, torch.Tensor], trainer: Trainer) -> None:
        for name, tensor in tensors.items():
            if not is_finite(tensor):
                raise TrainingError(
                    f"{name} is not finite at step {trainer.state.step} and was not saved; "
                    f"lower --lr (now {trainer.config.lr:g}) and begin anew with --overwrite"
                )
        if trainer.validated is not None:
            logits, labels = trainer.validated
            tensors = {**tensors, _VALIDATED[0]: logits, _VALIDATED[1]: labels}
        scaler: Any = trainer.accelerator.scaler
        facts = {
            "state": asdict(trainer.state),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }
        self._states.write(path, tensors, facts)


def _weights(network: TSN, prefix: str = "model.") -> dict[str, torch.Tensor]:
    """Return the weights on the CPU; what is there already is not copied but written at once."""
    return {prefix + name: value.detach().cpu() for name, value in network.state_dict().items()}


def _tensors(trainer: Trainer) -> dict[str, torch.Tensor]:
    average = {} if trainer.average is None else _weights(trainer.average.module, "average.")
    return {**_weights(trainer.network), **average, **optimizer_tensors(trainer.optimizer)}


def _put_back(
    trainer: Trainer, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]
) -> None:
    trainer.network.load_state_dict(part(tensors, "model."))
    if trainer.average is not None:
        trainer.average.module.load_state_dict(part(tensors, "average."))
    restore_optimizer(trainer.optimizer, part(tensors, "optimizer."))
    scaler: Any = trainer.accelerator.scaler
    if scaler is not None:
        scaler.load_state_dict(facts["scaler"])
    state = dict(facts["state"])
    history = [EpochMetrics(**row) for row in state.pop("history")]
    trainer.state = TrainerState(**state, history=history)
    if not trainer.accelerator.is_main_process:
        # the file has the sums of all processes, which count once
        trainer.state.take_figures(torch.zeros(3))
    if _VALIDATED[0] in tensors:
        trainer.validated = tensors[_VALIDATED[0]], tensors[_VALIDATED[1]]
