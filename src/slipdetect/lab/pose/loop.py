"""The training of a pose stream: its networks side by side, epoch by epoch, with checkpoints.

In: bags, held-out clips, settings. Out: the weights of all networks, and what every epoch measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.errors import DataError
from slipdetect.lab.pose.held_out import HeldOut
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.pose.training import Member, Pools
from slipdetect.lab.train.metrics import EpochMetrics
from slipdetect.lab.train.state_file import StateFolder


class PoseTrainer:
    """The networks of one stream, which differ by their draws alone.

    What a step draws and what it drops out depends on (seed, network, step), so a run that goes
    on from a checkpoint is the one that was not disturbed.
    """

    def __init__(self, settings: PoseSettings, pools: Pools, held_out: HeldOut) -> None:
        self._settings, self._pools, self._held_out = settings, pools, held_out
        self._members = [Member(number, settings) for number in range(settings.members)]
        self.history: list[EpochMetrics] = []  # what every finished epoch measured

    def run(
        self,
        states: StateFolder,
        on_step: Callable[[int, int, float], None],
        on_epoch: Callable[[Sequence[EpochMetrics], float], None],
    ) -> None:
        """Train to the end, from the checkpoint in ``states`` if there is one.

        Args:
            states: Where a checkpoint is written after every epoch.
            on_step: Called with steps done, steps in all and the loss.
            on_epoch: Called with the history and the seconds of the last epoch, 0 where it was
                only read.

        Raises:
            DataError: The checkpoint is damaged or of another run.
            TrainingError: A loss is not finite.
        """
        path = states.folder / "last.safetensors"
        if path.exists():
            self._restore(path, *states.read(path))
            on_epoch(self.history, 0.0)
        for epoch in range(len(self.history), self._settings.epochs):
            begun = time.perf_counter()
            with _one_thread():
                self.history.append(self._epoch(epoch, on_step))
            tensors = {k: v for member in self._members for k, v in member.state().items()}
            states.write(path, tensors, {"history": [asdict(each) for each in self.history]})
            states.keep_only({path})
            on_epoch(self.history, time.perf_counter() - begun)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return the weights of all networks, named as ``PoseNetwork`` wants them."""
        return {
            f"{number}.{name}": value.numpy().copy()
            for number, member in enumerate(self._members)
            for name, value in member.weights().items()
        }

    def _epoch(self, epoch: int, on_step: Callable[[int, int, float], None]) -> EpochMetrics:
        settings, members = self._settings, self._members
        losses, right = 0.0, 0
        for step in range(settings.steps):
            for member in members:
                loss, correct = member.learn(self._pools)
                losses, right = losses + loss, right + correct
            done = epoch * settings.steps + step + 1
            on_step(done, settings.total, losses / len(members) / (step + 1))
        count = settings.steps * len(members)
        bags = settings.positives + settings.negatives
        figures = self._held_out.judged(self._log_odds())
        return EpochMetrics(epoch, losses / count, right / (count * bags), *figures, members[0].lr)

    def _log_odds(self) -> npt.NDArray[np.floating]:
        """Return the log-odds of the held-out windows."""

        def judge(seen: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
            part = torch.from_numpy(seen)
            odds = [member.log_odds(part) for member in self._members]
            mean: npt.NDArray[np.floating] = torch.stack(odds).mean(0).numpy()
            return mean

        return self._held_out.log_odds(judge)

    def _restore(self, path: Path, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
        try:
            self.history = [EpochMetrics(**row) for row in facts["history"]]
            for member in self._members:
                member.restore(tensors, len(self.history) * self._settings.steps)
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            raise DataError(
                f"checkpoint {str(path)!r} does not fit this run: {error}; pass --overwrite to "
                "begin anew"
            ) from error


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let torch compute in one thread: several would wait for each other at layers this small."""
    had = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(had)
