"""Windows read by the batch, in this process or by workers, and where a worker was that died.

In: a set of windows and the indices of each batch. Out: batches in that order.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import torch
from torch.utils.data import DataLoader, Dataset, Sampler, get_worker_info

from slipdetect.lab.train.windows import TrainingSet, ValidationSet

Batch = tuple[torch.Tensor, torch.Tensor]


class WindowBatches:
    """Reads the batches of an epoch.

    Args:
        windows: What is read.
        batches: The indices of each batch.
        workers: Processes that read ahead; 0: none.
        device: Where the batches will go; pages are locked for the copy to CUDA.
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
