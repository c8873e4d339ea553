"""The way of a batch of pairs to the device and back, in parts that fit into its memory.

In: gray pictures as arrays. Out: ``(N, 2, H, W)`` float32 px.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from slipdetect.errors import UsageError
from slipdetect.flow.gpu.pyramid import Level, build_levels, build_start, level_sizes
from slipdetect.flow.tvl1_parameters import TvL1Parameters

Solver = Callable[[list[Level], Tensor, TvL1Parameters], Tensor]

# the part of the free memory that one batch may take, because others may use the device too
_SHARE = 0.5


def solve_batch(
    prev: NDArray[np.uint8],
    next: NDArray[np.uint8],
    initial: NDArray[np.float32] | None,
    parameters: TvL1Parameters,
    device: torch.device,
    solve: Solver,
    bytes_per_pixel: int,
) -> NDArray[np.float32]:
    """Compute the flows of pairs.

    Args:
        prev: ``(N, H, W)`` uint8 gray.
        next: ``(N, H, W)`` uint8 gray.
        initial: ``(N, 2, H, W)`` float32 px to start from; None: zero.
        parameters: Those of the flow.
        device: Where to compute.
        solve: ``plain.solve`` or ``fused.solve``.
        bytes_per_pixel: Device memory that ``solve`` needs per pixel of all levels of a pair.

    Returns:
        ``(N, 2, H, W)`` float32 px.

    Raises:
        UsageError: A single pair is too much for the device's memory.
    """
    count, height, width = prev.shape
    pixels = sum(h * w for h, w in level_sizes(height, width, parameters))
    at_a_time = _pairs_that_fit(device, pixels * bytes_per_pixel, count)
    flows = np.empty((count, 2, height, width), np.float32)
    for begin in range(0, count, at_a_time):
        part = slice(begin, begin + at_a_time)
        first, second = (torch.tensor(gray[part], device=device).float() for gray in (prev, next))
        before = None if initial is None else torch.tensor(initial[part], device=device)
        try:
            levels = build_levels(first, second, parameters)
            flow = solve(levels, build_start(levels, before, parameters), parameters)
        except torch.cuda.OutOfMemoryError as error:
            raise UsageError(
                f"{device} has too little free memory for the flow of {width}x{height} px "
                "pictures; end what else uses it, or use device cpu"
            ) from error
        torch.from_numpy(flows[part]).copy_(flow)
    return flows


def _pairs_that_fit(device: torch.device, bytes_per_pair: int, count: int) -> int:
    """Return how many of ``count`` pairs to compute at a time, at least one."""
    if device.type != "cuda":
        return max(count, 1)
    free, _ = torch.cuda.mem_get_info(device)
    # torch keeps what it has had, so the device does not count that as free
    free += torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return max(min(count, int(free * _SHARE) // bytes_per_pair), 1)
