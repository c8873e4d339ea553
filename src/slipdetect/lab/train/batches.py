"""Which items of an epoch a process computes in which step.

In: counts. Out: indices by part of a step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch.utils.data import Sampler

from slipdetect.errors import UsageError


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
        first_step: Steps that are done already.

    Raises:
        UsageError: A step cannot be divided evenly.
    """

    def __init__(
        self, items: int, batch_size: int, parts: int, share: Share, first_step: int = 0
    ) -> None:
        if batch_size % (share.count * parts):
            raise UsageError(
                f"batch_size {batch_size} cannot be divided evenly over {share.count} processes "
                f"in {parts} parts each; choose a multiple of {share.count * parts}"
            )
        self.items = items
        self.batch_size = batch_size
        self.parts = parts
        self.share = share
        self.first_step = first_step

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
