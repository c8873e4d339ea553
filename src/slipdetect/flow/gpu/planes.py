"""What TV-L1 flow does with planes of numbers, in plain torch: resize, sample, filter.

In: tensors whose last axes are rows and columns. Out: the same.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

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
