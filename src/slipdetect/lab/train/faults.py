"""What goes wrong inside a training step, told so that a user can act.

In: an exception of torch or of a worker process. Out: a ``TrainingError`` that says what to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipdetect._text import named
from slipdetect.detection.engines.torch_engine import out_of_memory
from slipdetect.errors import SlipdetectError, TrainingError
from slipdetect.lab.train.config import TrainConfig

if TYPE_CHECKING:
    from slipdetect.lab.train.batches import WindowBatches


@dataclass(frozen=True)
class BadStep:
    """A step whose loss or gradient was not finite."""

    step: int  # its number, from 0
    loss: float  # the loss, NaN or infinite; finite where only the gradient was not
    lr: float  # the largest learning rate of the step
    items: list[str]  # what all processes computed in it: clips and places


class NotFinite(TrainingError):
    """Training met NaN or infinity; nothing of it reached a checkpoint.

    Attributes:
        steps: The steps in a row that led to it.
    """

    def __init__(self, message: str, steps: Sequence[BadStep]) -> None:
        super().__init__(message)
        self.steps = list(steps)


@contextmanager
def explained(
    config: TrainConfig, windows: WindowBatches, items: int, processes: int
) -> Iterator[None]:
    """Turn what torch and worker processes raise into errors that say what to change.

    Args:
        config: Numbers of the run.
        windows: Where the step's windows come from.
        items: Windows that this process computes at once.
        processes: How many processes share a step.

    Raises:
        TrainingError: Memory ran out, a worker died or failed, or batch norm saw a single value.
    """
    try:
        yield
    except SlipdetectError as error:
        if "DataLoader worker" not in str(error):
            raise
        # torch puts the worker's whole traceback into the message
        reason = str(error).strip().splitlines()[-1].partition(": ")[2]
        raise type(error)(f"a worker process failed: {reason}") from error
    except RuntimeError as error:
        if "DataLoader worker" in str(error):
            read = named(windows.read_by(str(error)), 4) or "its first window"
            raise TrainingError(
                f"a worker process died while it read {read}; it may have been killed for its "
                "memory: lower --workers, or look at these clips"
            ) from error
        if out_of_memory(error):
            raise _too_large(config, processes) from error
        raise
    except ValueError as error:
        # torch has no class of its own for a batch norm that sees one value per channel
        if "more than 1 value per channel" not in str(error):
            raise
        raise TrainingError(
            f"batch norm cannot train on {items} window of so few snippets; raise "
            "batch_size or num_segments, or freeze it (partial_bn=all)"
        ) from error


def _too_large(config: TrainConfig, processes: int) -> TrainingError:
    """Return the error that tells how to train the same with less memory."""
    size, parts = config.batch_size, config.accumulate
    wanted = range(parts + 1, size // processes + 1)
    more = next((n for n in wanted if size % (n * processes) == 0), None)
    held = (
        f"out of memory with {size // parts // processes} of the {size} windows of a step at once"
    )
    if more is None:
        return TrainingError(
            f"{held}; --set a lower input_size or num_segments, or choose a smaller --backbone, "
            "and pass --overwrite to begin anew"
        )
    return TrainingError(
        f"{held}; pass --batch-size {size} --set accumulate={more}, which computes the same in "
        f"{more} parts, and --resume"
    )
