"""What TV-L1 flow does with planes of numbers, in plain torch: resize, sample, filter.

In: tensors whose last axes are rows and columns. Out: the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from slipdetect.flow.tvl1_parameters import TvL1Parameters

# Keys' cubic kernel as OpenCV has it
CUBIC = -0.75


def centered_gradient(gray: Tensor) -> Tensor:
    """Return half the difference of a pixel's neighbors ``(N, 2, H, W)``, the edge repeated."""
    padded = functional.pad(gray[:, None], (1, 1, 1, 1), mode="replicate")
    along_x = padded[..., 1:-1, 2:] - padded[..., 1:-1, :-2]
    along_y = padded[..., 2:, 1:-1] - padded[..., :-2, 1:-1]
    return 0.5 * torch.cat([along_x, along_y], dim=1)


def resize(planes: Tensor, size: tuple[int, int], spacing: tuple[float, float]) -> Tensor:
    """Resize ``(..., H, W)`` bilinearly.

    Args:
        planes: Float32.
        size: Height and width of the result.
        spacing: Distance of the samples along y and x, px of ``planes``.
    """
    for axis, (count, distance) in zip((-2, -1), zip(size, spacing, strict=True), strict=True):
        last = planes.shape[axis] - 1
        # in double and on the CPU: a float32 position is already off by a part of a gray level
        position = (torch.arange(count, dtype=torch.float64) + 0.5) * distance - 0.5
        position = position.clamp(0, last)
        low = position.floor()
        weight = (position - low).to(planes)
        if axis == -2:
            weight = weight[:, None]
        low = low.long().to(planes.device)
        high = (low + 1).clamp(max=last)
        planes = torch.lerp(planes.index_select(axis, low), planes.index_select(axis, high), weight)
    return planes


def sample(planes: Tensor, flow: Tensor) -> Tensor:
    """Read ``(N, C, H, W)`` at ``x + flow`` by bicubic interpolation; it is zero outside.

    Positions are exact, as in OpenCV 5; OpenCV 4 rounds them to 1/32 px.
    """
    count, kinds, height, width = planes.shape
    columns = torch.arange(width, device=planes.device) + flow[:, 0]
    rows = torch.arange(height, device=planes.device)[:, None] + flow[:, 1]
    # further outside everything is zero too, and an integer holds it
    columns, rows = columns.clamp(-4, width + 4), rows.clamp(-4, height + 4)
    left, top = columns.floor(), rows.floor()
    weights_x, weights_y = cubic_weights(columns - left), cubic_weights(rows - top)
    flat = planes.flatten(2)
    result = torch.zeros_like(planes)
    for j in range(4):
        y = top.long() + j - 1
        for k in range(4):
            x = left.long() + k - 1
            inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            at = y.clamp(0, height - 1) * width + x.clamp(0, width - 1)
            values = flat.gather(2, at.flatten(1)[:, None].expand(-1, kinds, -1))
            weight = torch.where(inside, weights_x[k] * weights_y[j], 0.0)
            result += weight[:, None] * values.view(count, kinds, height, width)
    return result


def cubic_weights(part: Tensor) -> list[Tensor]:
    """Return the weights of the four neighbors of a position ``part`` px after the second."""
    near = [((CUBIC + 2) * d - (CUBIC + 3)) * d * d + 1 for d in (part, 1 - part)]
    far = [((CUBIC * d - 5 * CUBIC) * d + 8 * CUBIC) * d - 4 * CUBIC for d in (1 + part, 2 - part)]
    return [far[0], near[0], near[1], far[1]]


def median(planes: Tensor, side: int) -> Tensor:
    """Return the median of ``side`` x ``side`` px ``(N, C, H, W)``, the edge repeated."""
    if side == 1:
        return planes
    height, width = planes.shape[2:]
    padded = functional.pad(planes, (side // 2,) * 4, mode="replicate")
    shifted = [padded[..., j : j + height, k : k + width] for j in range(side) for k in range(side)]
    return torch.stack(shifted).median(dim=0).values


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


# gradients with a smaller square say nothing about motion
SMALLEST = float(torch.finfo(torch.float32).eps)


def solve(levels: list[Level], start: Tensor, parameters: TvL1Parameters) -> Tensor:
    """Return the flows ``(N, 2, H, W)`` px of a pyramid, coarse to fine."""
    flow = start
    for level in reversed(levels):
        if level.first.shape[1:] != flow.shape[2:]:
            flow = enlarge(flow, level.first, parameters)
        flow = solve_level(level, flow, parameters)
    return flow[:, :2]


def enlarge(flow: Tensor, gray: Tensor, parameters: TvL1Parameters) -> Tensor:
    """Bring a flow ``(N, C, h, w)`` to the size of ``gray``; the change of light is no length."""
    height, width = gray.shape[1:]
    spacing = (flow.shape[2] / height, flow.shape[3] / width)
    flow = resize(flow, (height, width), spacing)
    flow[:, :2] *= 1 / parameters.scale_step
    return flow


def solve_level(level: Level, flow: Tensor, parameters: TvL1Parameters) -> Tensor:
    """Improve ``flow`` ``(N, C, H, W)`` on one level; a pair that has converged changes no more."""
    count, _, height, width = flow.shape
    limit = parameters.epsilon**2 * height * width
    dual = flow.new_zeros(*flow.shape[:2], 2, height, width)
    for _ in range(parameters.warps):
        direction, rest = linearise(level, flow, parameters)
        alive = torch.ones(count, dtype=torch.bool, device=flow.device)
        for turn in range(parameters.outer_iterations * parameters.inner_iterations):
            moving = alive[:, None, None, None]
            if turn % parameters.inner_iterations == 0:
                filtered = torch.cat(
                    [median(flow[:, :2], parameters.median_filtering), flow[:, 2:]], dim=1
                )
                flow = torch.where(moving, filtered, flow)
            new_flow = primal_step(flow, dual, direction, rest, parameters)
            new_dual = dual_step(new_flow, dual, parameters)
            error = (new_flow - flow).square().sum(dim=(1, 2, 3))
            flow = torch.where(moving, new_flow, flow)
            dual = torch.where(moving[:, None], new_dual, dual)
            alive = alive & (error > limit)
            if not alive.any():
                break
    return flow


def linearise(level: Level, flow: Tensor, parameters: TvL1Parameters) -> tuple[Tensor, Tensor]:
    """Linearise the brightness difference around ``flow`` (Zach et al., eq. 10).

    Returns:
        Its derivative by each unknown ``(N, C, H, W)`` and its constant part ``(N, H, W)``.
    """
    planes = torch.cat([level.second[:, None], level.slope], dim=1)
    warped = sample(planes, flow[:, :2])
    direction = warped[:, 1:]
    rest = warped[:, 0] - (direction * flow[:, :2]).sum(dim=1) - level.first
    if flow.shape[1] == 3:
        light = torch.full_like(direction[:, :1], parameters.gamma)
        direction = torch.cat([direction, light], dim=1)
    return direction, rest


def primal_step(
    flow: Tensor, dual: Tensor, direction: Tensor, rest: Tensor, parameters: TvL1Parameters
) -> Tensor:
    """Return the next flow: thresholding (Zach et al., eq. 15), then denoising (eq. 13)."""
    reach = parameters.lambda_ * parameters.theta
    rho = rest + (direction * flow).sum(dim=1)
    # OpenCV leaves the weight of light out of this square
    square = direction[:, :2].square().sum(dim=1)
    step = torch.where(square > SMALLEST, -rho / square, 0.0)
    step = torch.where(rho > reach * square, -reach, step)
    step = torch.where(rho < -reach * square, reach, step)
    return flow + step[:, None] * direction + parameters.theta * divergence(dual)


def dual_step(flow: Tensor, dual: Tensor, parameters: TvL1Parameters) -> Tensor:
    """Return the next dual variable ``(N, C, 2, H, W)`` (Zach et al., eq. 14)."""
    time = parameters.tau / parameters.theta
    along_x = functional.pad(flow[..., :, 1:] - flow[..., :, :-1], (0, 1))
    along_y = functional.pad(flow[..., 1:, :] - flow[..., :-1, :], (0, 0, 0, 1))
    gradient = torch.stack([along_x, along_y], dim=2)
    length = gradient.square().sum(dim=2, keepdim=True).sqrt()
    return (dual + time * gradient) / (1 + time * length)


def divergence(dual: Tensor) -> Tensor:
    """Return the divergence of ``(N, C, 2, H, W)`` by differences to the left and above."""
    along_x = functional.pad(dual[:, :, 0], (1, 0))
    along_y = functional.pad(dual[:, :, 1], (0, 0, 1, 0))
    return along_x[..., 1:] - along_x[..., :-1] + along_y[..., 1:, :] - along_y[..., :-1, :]
