"""TV-L1 flow of many pairs at once in plain torch, on any device: slow, and easy to check.

In: a pyramid and a start as tensors. Out: flows; equations of Zach, Pock and Bischof (DAGM 2007).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from slipdetect.flow.gpu.planes import median, resize, sample
from slipdetect.flow.gpu.pyramid import Level
from slipdetect.flow.tvl1_parameters import TvL1Parameters

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
