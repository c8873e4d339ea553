"""TV-L1 flow of many pairs at once on a GPU: one program per pair, from coarse to fine.

A pair is solved by one program without the host: it sees its own error and stops at once when it
has converged, so no pair waits for another and no launch waits for a number from the device.

In: a pyramid and a start as tensors. Out: flows as tensors.

A pair is solved by one program without the host: it sees its own error and stops at once when it
has converged, so no pair waits for another and no launch waits for a number from the device.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from slipdetect.errors import UsageError
from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.gpu.kernel import solve_pair
from slipdetect.flow.gpu.planes import Level, build_levels, build_start, level_sizes
from slipdetect.flow.tvl1_parameters import TvL1Parameters

# pixels that a program holds at a time: in the iterations, and in filters with many neighbors
_TILE = 2048
_SMALL_TILE = 512
_WARPS = 16


def solve(
    levels: list[Level],
    start: Tensor,
    parameters: TvL1Parameters,
    tile: int = _TILE,
    small_tile: int = _SMALL_TILE,
) -> Tensor:
    """Return the flows ``(N, 2, H, W)`` px of a pyramid; see ``plain.solve``.

    Args:
        levels: The pyramid, the full size first.
        start: ``(N, C, h, w)`` at the coarsest level.
        parameters: Those of the flow.
        tile: Pixels of an iteration's tile, a power of 2.
        small_tile: Pixels of a filter's tile, a power of 2, no more than ``tile``.
    """
    count, unknowns = start.shape[:2]
    sizes, pictures = _pack(levels, tile)
    height, width = levels[0].first.shape[1:]
    room = _padded(height * width, tile)
    # two flows, the dual variable, three planes of the warp
    state = start.new_zeros(count, 4 * unknowns + 3, room)
    state[:, :unknowns, : start[0, 0].numel()] = start.flatten(2)
    flow = start.new_empty(count, 2, height, width)
    p = parameters
    with torch.cuda.device(start.get_device()):
        solve_pair[(count,)](
            pictures,
            state,
            flow,
            sizes,
            len(levels),
            pictures.shape[2],
            room,
            p.warps,
            p.outer_iterations,
            p.inner_iterations,
            p.epsilon**2,
            p.lambda_ * p.theta,
            p.theta,
            p.tau / p.theta,
            p.gamma,
            1 / p.scale_step,
            C=unknowns,
            MEDIAN=p.median_filtering,
            TILE=tile,
            SMALL=small_tile,
            num_warps=_WARPS,
            num_stages=1,
            enable_fp_fusion=True,
        )
    return flow


def _pack(levels: list[Level], tile: int) -> tuple[Tensor, Tensor]:
    """Lay a pyramid out for the kernel.

    Returns:
        Height, width and place of each level ``(levels, 3)`` int32, the coarsest first; and the
        planes first, second, x and y slope ``(N, 4, pixels)``, levels padded to whole tiles.
    """
    table, place = [], 0
    for level in reversed(levels):
        height, width = level.first.shape[1:]
        table.append((height, width, place))
        place += _padded(height * width, tile)
    pictures = levels[0].first.new_zeros(len(levels[0].first), 4, place)
    for (height, width, place), level in zip(table, reversed(levels), strict=True):
        pixels = slice(place, place + height * width)
        pictures[:, 0, pixels] = level.first.flatten(1)
        pictures[:, 1, pixels] = level.second.flatten(1)
        pictures[:, 2:, pixels] = level.slope.flatten(2)
    return torch.tensor(table, dtype=torch.int32, device=pictures.device), pictures


def _padded(pixels: int, tile: int) -> int:
    return -(-pixels // tile) * tile


Solver = Callable[[list[Level], Tensor, TvL1Parameters], Tensor]

# the part of the free memory that one batch may take, because others may use the device too
_SHARE = 0.5


def solve_batch(
    prev: Gray,
    next: Gray,
    initial: Flow | None,
    parameters: TvL1Parameters,
    device: torch.device,
    solve: Solver,
    bytes_per_pixel: int,
) -> Flow:
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
