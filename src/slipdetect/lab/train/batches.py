"""What the loop draws from and in which order: sets of windows, items of a step, their loading.

In: clips, a frame cache and a ``TrainConfig``. Out: training and validation sets; their batches.
"""

from __future__ import annotations

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from slipdetect.errors import UsageError
from slipdetect.lab.data import Clip, FrameCache
from slipdetect.lab.data.datasets import (
    TrainingClips,
    TrainingWindows,
    ValidationClips,
    ValidationWindows,
)
from slipdetect.lab.data.window_reader import LABELS, WindowRecipe
from slipdetect.lab.train.config import TrainConfig

logger = logging.getLogger(__name__)

Batch = tuple[torch.Tensor, torch.Tensor]
TrainingSet = TrainingWindows | TrainingClips
ValidationSet = ValidationWindows | ValidationClips


def training_set(
    clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe, config: TrainConfig
) -> TrainingSet:
    """Return what an epoch trains on, as ``config.sampling`` says.

    Raises:
        DataError: One label has no place to draw from.
    """
    if config.sampling == "clips":
        return TrainingClips(clips, cache, recipe, config.seed, config, config.positive_fraction)
    count = config.windows_per_epoch
    shares = (config.positive_fraction, config.hard_negative_fraction)
    return TrainingWindows(clips, cache, recipe, count, config.seed, config, *shares)


def validation_set(
    clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe, config: TrainConfig
) -> ValidationSet | None:
    """Return what is held out, or None where there is nothing."""
    if not clips:
        return None
    kind = ValidationClips if config.sampling == "clips" else ValidationWindows
    found = kind(clips, cache, recipe)
    if len(found) == 0:
        logger.warning("no validation clip has a place for a window; nothing is validated")
        return None
    return found


def class_weights(windows: TrainingSet, how: str) -> torch.Tensor:
    """Return the weight of each label in the loss, ``(classes,)``.

    Args:
        windows: What is trained on.
        how: ``"none"``: 1 each; ``"balanced"``: items / (classes x items of the label).
    """
    if how == "none":
        return torch.ones(len(LABELS))
    counts = Counter(windows.label(index) for index in range(len(windows)))
    weights = [
        len(windows) / (len(LABELS) * counts[label]) if counts[label] else 0.0
        for label in range(len(LABELS))
    ]
    return torch.tensor(weights)


@dataclass(frozen=True)
class Share:
    """The part of the work that is this process's: ``index`` of ``count``."""

    index: int = 0
    count: int = 1


class StepBatches(Sampler[list[int]]):
    """Indices of one process's items: for each step as many lists as it has parts.

    Every step of every process is full, so that gradients are means over the same number of
    items whatever the number of processes; the last step begins the epoch's items anew.

    Args:
        items: Items in an epoch.
        batch_size: Items in a step, over all processes.
        parts: Parts that a process computes its items in.
        share: Which process this is.

    Raises:
        UsageError: A step cannot be divided evenly.
    """

    def __init__(self, items: int, batch_size: int, parts: int, share: Share) -> None:
        if batch_size % (share.count * parts):
            raise UsageError(
                f"batch_size {batch_size} cannot be divided evenly over {share.count} processes "
                f"in {parts} parts each; choose a multiple of {share.count * parts}"
            )
        self.items = items
        self.batch_size = batch_size
        self.parts = parts
        self.share = share
        self.first_step = 0  # those before are done already

    @property
    def steps(self) -> int:
        """Steps in a whole epoch."""
        return -(-self.items // self.batch_size)

    def __len__(self) -> int:
        return (self.steps - self.first_step) * self.parts

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first_step, self.steps):
            first = step * self.batch_size
            whole = [index % self.items for index in range(first, first + self.batch_size)]
            mine = _part(whole, self.share.index, self.share.count)
            for part in range(self.parts):
                yield _part(mine, part, self.parts)


def _part(indices: list[int], which: int, of: int) -> list[int]:
    # neighbors stay together, because labels alternate
    size = len(indices) // of
    return indices[which * size : (which + 1) * size]


class WindowBatches:
    """Reads the batches of an epoch: the indices of each are given.

    Processes (``workers``; 0: none) read ahead; pages are locked for the copy to CUDA.
    """

    def __init__(
        self,
        windows: TrainingSet | ValidationSet,
        batches: Sampler[list[int]] | Sequence[list[int]],
        workers: int,
        device: torch.device,
    ) -> None:
        self._windows = windows
        self._watched = _Watched(windows, workers)
        items = cast("Dataset[Batch]", self._watched)
        self._loader: DataLoader[Batch] = DataLoader(
            items,
            batch_sampler=batches,
            num_workers=workers,
            pin_memory=device.type == "cuda",
        )
        self._workers = workers

    def __iter__(self) -> Iterator[Batch]:
        if self._workers == 0:
            return iter(self._loader)
        with _opencv_alone():
            return iter(self._loader)

    def read_by(self, message: str) -> list[str]:
        """Return what the workers read last whose process ids are in torch's message; else all."""
        rows = self._watched.progress.tolist()
        begun = [(process, index) for process, index in rows if process]
        dead = [row for row in begun if str(row[0]) in re.findall("[0-9]+", message)]
        return [self._windows.describe(index) for _, index in dead or begun]


class _Watched(Dataset[tuple[torch.Tensor, int]]):
    """Items as they are; every worker leaves its process id and the index that it is at."""

    def __init__(self, items: TrainingSet | ValidationSet, workers: int) -> None:
        self._items = items
        # workers read ahead, so the batch that is waited for says nothing about them
        self.progress = torch.zeros(workers, 2, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        worker = get_worker_info()
        if worker is not None:
            self.progress[worker.id] = torch.tensor([os.getpid(), index])
        return self._items[index]


@contextmanager
def _opencv_alone() -> Iterator[None]:
    """Send OpenCV's threads away while workers are made.

    They do not survive a fork, and a worker that believes in them waits for them for ever. Without
    them a worker computes alone, which is right where workers are the threads.
    """
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
