"""Computing a batch in parts where the accelerator's memory does not hold it whole.

In: a function of a slice of the batch. Out: its results joined, as from one call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch

from slipdetect.errors import ModelError, UsageError

logger = logging.getLogger(__name__)

# what torch's allocators say when it is no OutOfMemoryError
_SAYINGS = ("out of memory", "can't allocate memory")


class BatchSize:
    """The largest batch that memory has held so far; halved, down to 1, when one does not fit.

    A network in evaluation mode scores every item by itself, so the parts give the same scores.

    Args:
        size: Largest number of items in a part to begin with.

    Attributes:
        size: Largest number of items in a part now.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise UsageError(f"the batch size must be at least 1, not {size}")
        self.size = size
        self._told = False

    def run(self, function: Callable[[slice], torch.Tensor], count: int) -> torch.Tensor:
        """Return ``function`` of ``count`` items, called for slices of at most ``size``.

        Args:
            function: Maps a slice of the items to a tensor whose first dimension is theirs.
            count: Items in all, at least 1.

        Raises:
            ModelError: Not even one item fits into memory.
        """
        parts: list[torch.Tensor] = []
        begin = 0
        while begin < count:
            part = self._attempt(function, slice(begin, min(begin + self.size, count)))
            if part is None:
                self._halve(min(self.size, count - begin))
                continue
            parts.append(part)
            begin += len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _attempt(
        self, function: Callable[[slice], torch.Tensor], items: slice
    ) -> torch.Tensor | None:
        # memory is freed once the error, which holds the frames of the failed call, is gone
        try:
            return function(items)
        except RuntimeError as error:
            if not out_of_memory(error):
                raise
            return None

    def _halve(self, tried: int) -> None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if tried == 1:
            raise ModelError(
                "the device's memory does not hold a single snippet; close other programs that "
                "use it, or pass device='cpu'"
            )
        self.size = tried // 2
        level = logging.DEBUG if self._told else logging.WARNING
        self._told = True
        logger.log(
            level,
            "the device's memory does not hold a batch of %d; going on with smaller ones, from %d",
            tried,
            self.size,
        )


def out_of_memory(error: BaseException) -> bool:
    """Return whether ``error`` is torch's way to say that an allocation failed."""
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(text in str(error) for text in _SAYINGS)
