"""What a network costs here: its parameters, its arithmetic, its time on the CPU.

In: a network and an input. Out: a ``Cost``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

_TIMINGS = 3
_FOR_SECONDS = 0.5  # the first passes are slow, and other programs disturb single ones


@dataclass(frozen=True)
class Cost:
    """What was counted and measured."""

    parameters: int  # numbers that the network has learned or will learn
    flops: int  # floating-point operations for the input; a multiply-add counts as two
    # shortest of the passes that half a second has room for, after one that is not counted
    seconds: float
    threads: int  # CPU threads that torch used
    output: tuple[int, ...]  # shape of the answer

    @property
    def where(self) -> str:
        """What the time was taken on, in words."""
        return "1 CPU thread" if self.threads == 1 else f"{self.threads} CPU threads"


def measure(
    network: nn.Module,
    x: torch.Tensor,
    call: Callable[[torch.Tensor], torch.Tensor] | None = None,
    timings: int = _TIMINGS,
    for_seconds: float = _FOR_SECONDS,
) -> Cost:
    """Run ``network`` on ``x`` in evaluation mode, and put it back into its mode.

    Args:
        network: On the CPU.
        x: Its input.
        call: What is run, where that is not the network itself.
        timings: Passes that the shortest time is taken of, at least.
        for_seconds: More passes are made until so much time is over.

    Raises:
        Exception: Whatever the network raises, such as for an input it does not take.
    """
    run = network if call is None else call
    training = network.training
    network.eval()
    try:
        # not inference mode, in which PyTorch 2.5 counts nothing
        with torch.no_grad():
            with FlopCounterMode(display=False) as counter:
                output = run(x)
            taken = [_seconds(run, x) for _ in range(timings)]
            while sum(taken) < for_seconds:
                taken.append(_seconds(run, x))
    finally:
        network.train(training)
    return Cost(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        flops=counter.get_total_flops(),
        seconds=min(taken),
        threads=torch.get_num_threads(),
        output=tuple(output.shape) if isinstance(output, torch.Tensor) else (),
    )


def cause(error: BaseException) -> str:
    """Return the first line of what led to an error of a network, or what kind of error it was."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)


def _seconds(run: Callable[[torch.Tensor], torch.Tensor], x: torch.Tensor) -> float:
    start = time.perf_counter()
    run(x)
    return time.perf_counter() - start
