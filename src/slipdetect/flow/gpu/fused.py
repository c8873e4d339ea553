"""TV-L1 flow of many pairs at once on a GPU: one program per pair, from coarse to fine.

In: a pyramid and a start as tensors. Out: flows as tensors.

A pair is solved by one program without the host: it sees its own error and stops at once when it
has converged, so no pair waits for another and no launch waits for a number from the device.
"""

from __future__ import annotations

import torch
from torch import Tensor

from slipdetect.flow.gpu.kernel import solve_pair
from slipdetect.flow.gpu.pyramid import Level
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
    state = start.new_zeros(count, planes_of_state(unknowns), room)
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


def planes_of_state(unknowns: int) -> int:
    """Return the planes of a pair's state: two flows, the dual variable, three of the warp."""
    return 4 * unknowns + 3


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
