"""The state of one stream's training on disk: exact, whole or not there, and free of code.

In: a ``Trainer``. Out: one safetensors file; a ``Trainer`` that goes on where the file was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from slipdetect._io import atomic_write
from slipdetect.errors import DataError, OutputError, TrainingError
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.metrics import EpochMetrics, TrainerState, best_epoch
from slipdetect.models import TSN

VERSION = 2
_FACTS = "slipdetect-training"
_VALIDATED = ("validated.logits", "validated.labels")


class Checkpoints:
    """The checkpoints of one stream in a folder: the last state, and the weights of the best epoch.

    Args:
        folder: Where they live.
        recipe: What the run is; another one's checkpoint is refused.
    """

    def __init__(self, folder: Path, recipe: Mapping[str, Any]) -> None:
        self.folder = folder
        self.last = folder / "last.safetensors"
        self._recipe = json.loads(json.dumps(recipe))
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot write to {str(folder)!r}: {error.strerror}") from error

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
        self._write(self.last, dict(_tensors(trainer)), trainer)
        # only now does no state on disk speak of an earlier best epoch
        keep = {self.best(best_epoch(history))} if history else set()
        # hidden ones are what a process that was killed in a write left behind
        for pattern in ("best-*.safetensors", ".*.safetensors", ".tmp??????"):
            for path in set(self.folder.glob(pattern)) - keep:
                path.unlink()

    def restore(self, trainer: Trainer) -> bool:
        """Put the last state into ``trainer``; return whether there was one.

        Raises:
            DataError: It is damaged, or of a run with other settings or clips.
        """
        if not self.last.exists():
            return False
        tensors, facts = _read(self.last)
        self._check(facts)
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
        tensors, facts = _read(self.best(epoch))
        self._check(facts)
        validated = None
        if _VALIDATED[0] in tensors:
            validated = tensors.pop(_VALIDATED[0]), tensors.pop(_VALIDATED[1])
        return {name.removeprefix("model."): value for name, value in tensors.items()}, validated

    def _check(self, facts: Mapping[str, Any]) -> None:
        found = facts.get("recipe", {})
        names = [k for k in {**found, **self._recipe} if found.get(k) != self._recipe.get(k)]
        if names:
            shown = ", ".join(
                "other clips"
                if key == "clips"
                else f"{key} {found.get(key)!r} then, {self._recipe.get(key)!r} now"
                for key in names[:5]
            )
            raise DataError(
                f"{str(self.folder)!r} holds a run with other settings ({shown}); resume it with "
                "the same ones, or pass --overwrite to begin anew"
            )

    def _write(self, path: Path, tensors: dict[str, torch.Tensor], trainer: Trainer) -> None:
        for name, tensor in tensors.items():
            if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
                raise TrainingError(
                    f"{name} is not finite at step {trainer.state.step} and was not saved; "
                    f"lower --lr (now {trainer.config.lr:g}) and begin anew with --overwrite"
                )
        if trainer.validated is not None:
            logits, labels = trainer.validated
            tensors = {**tensors, _VALIDATED[0]: logits, _VALIDATED[1]: labels}
        scaler: Any = trainer.accelerator.scaler
        facts = {
            "version": VERSION,
            "recipe": self._recipe,
            "state": asdict(trainer.state),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }
        metadata = {_FACTS: json.dumps(facts, allow_nan=False)}
        with atomic_write(path, overwrite=True) as temporary:
            save_file({k: v.contiguous() for k, v in tensors.items()}, temporary, metadata=metadata)


def _weights(network: TSN, prefix: str = "model.") -> dict[str, torch.Tensor]:
    """Return the weights on the CPU; what is there already is not copied but written at once."""
    return {prefix + name: value.detach().cpu() for name, value in network.state_dict().items()}


def _tensors(trainer: Trainer) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _weights(trainer.network).items()
    if trainer.average is not None:
        yield from _weights(trainer.average.module, "average.").items()
    for index, values in trainer.optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if isinstance(value, torch.Tensor):
                yield f"optimizer.{index}.{name}", value.detach().cpu()


def _put_back(
    trainer: Trainer, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, Any]
) -> None:
    trainer.network.load_state_dict(_part(tensors, "model."))
    if trainer.average is not None:
        trainer.average.module.load_state_dict(_part(tensors, "average."))
    inner: dict[int, dict[str, torch.Tensor]] = {}
    for name, value in _part(tensors, "optimizer.").items():
        index, _, key = name.partition(".")
        inner.setdefault(int(index), {})[key] = value
    groups = trainer.optimizer.state_dict()["param_groups"]
    trainer.optimizer.load_state_dict({"state": inner, "param_groups": groups})
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


def _part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): value
        for name, value in tensors.items()
        if name.startswith(prefix)
    }


def _read(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"checkpoint {str(path)!r} cannot be read ({reason}); pass --overwrite to begin anew"
        ) from error
    if facts.get("version") != VERSION:
        raise DataError(
            f"checkpoint {str(path)!r} was written by another version of slipdetect; resume with "
            "that one, or pass --overwrite to begin anew"
        )
    return tensors, facts
