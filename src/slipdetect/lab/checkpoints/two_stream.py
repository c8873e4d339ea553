"""The order in which two-stream motion networks saw their flow, and undoing it.

In: kernels of the first convolution. Out: the same network for flow in the order of time.
"""

from __future__ import annotations

import torch

_PAIR = 2  # channels of one flow field, u and v


def in_order_of_time(kernel: torch.Tensor) -> torch.Tensor:
    """Turn the first convolution of a two-stream motion network to flow in the order of time.

    The program that trained these networks put field 1 of a stack behind the last one: they saw
    fields 2, 3, ..., L, 1. The fields of the kernel are moved instead of those of the input.

    Args:
        kernel: ``(filters, 2 L, h, w)``, for u and v of fields 2, 3, ..., L, 1.

    Returns:
        The same shape, for u and v of fields 1, 2, ..., L.
    """
    return kernel.roll(_PAIR, dims=1)
