"""The pyramid of TV-L1 flow as tensors, for many pairs at once.

In: gray pictures as tensors. Out: levels, and the flow that the coarsest starts from.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from slipdetect.flow.gpu.planes import centered_gradient, resize
from slipdetect.flow.tvl1_parameters import TvL1Parameters

# a level with a side below this is left out
_MIN_LEVEL_SIDE = 16


@dataclass(frozen=True)
class Level:
    """One size of the pyramid.

    Attributes:
        first: ``(N, H, W)`` float32 gray, 0..255.
        second: ``(N, H, W)`` float32 gray, 0..255.
        slope: ``(N, 2, H, W)`` gradient of ``second`` along x and y, gray per px.
    """

    first: Tensor
    second: Tensor
    slope: Tensor


def level_sizes(height: int, width: int, parameters: TvL1Parameters) -> list[tuple[int, int]]:
    """Return the (height, width) of each level, the full size first."""
    sizes = [(height, width)]
    while len(sizes) < parameters.nscales:
        below = tuple(round(side * parameters.scale_step) for side in sizes[-1])
        if min(below) < _MIN_LEVEL_SIDE:
            break
        sizes.append((below[0], below[1]))
    return sizes


def build_levels(first: Tensor, second: Tensor, parameters: TvL1Parameters) -> list[Level]:
    """Return the pyramid of pairs ``(N, H, W)`` float32, the full size first."""
    levels: list[Level] = []
    spacing = 1 / parameters.scale_step
    for size in level_sizes(first.shape[1], first.shape[2], parameters):
        if levels:
            first, second = (resize(gray, size, (spacing, spacing)) for gray in (first, second))
        levels.append(Level(first, second, centered_gradient(second)))
    return levels


def build_start(levels: list[Level], initial: Tensor | None, parameters: TvL1Parameters) -> Tensor:
    """Return the flow that the coarsest level starts from.

    Args:
        levels: The pyramid.
        initial: ``(N, 2, H, W)`` px at full size; None: zero.
        parameters: Those of the flow.

    Returns:
        ``(N, C, h, w)``: u, v, and the change of light where gamma asks for it.
    """
    coarsest = levels[-1].first
    start = coarsest.new_zeros(len(coarsest), channels(parameters), *coarsest.shape[1:])
    if initial is not None:
        spacing = 1 / parameters.scale_step
        for level in levels[1:]:
            size = (level.first.shape[1], level.first.shape[2])
            initial = resize(initial, size, (spacing, spacing)) * parameters.scale_step
        start[:, :2] = initial
    return start


def channels(parameters: TvL1Parameters) -> int:
    """Return the number of unknowns per pixel: 2, or 3 with the change of light."""
    return 2 if parameters.gamma == 0 else 3
