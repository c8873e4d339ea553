"""The numbers that a network computes in: float32, or bfloat16 where the CPU is faster with it.

In: a network in evaluation mode. Out: one that takes and gives float32 and computes as chosen.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn

_TOLERANCE = 0.02  # of the largest output


def fast_precision(device: torch.device) -> torch.dtype:
    """Return bfloat16 for CPUs with instructions for it (AVX512-BF16, AMX), else float32."""
    if device.type != "cpu":
        return torch.float32
    capabilities: dict[str, object] = getattr(
        torch.cpu, "get_capabilities", dict
    )()  # torch 2.6 and later
    able = capabilities.get("avx512_bf16") or capabilities.get("amx_bf16")
    return torch.bfloat16 if able else torch.float32


def in_precision(network: nn.Module, example: torch.Tensor, dtype: torch.dtype) -> Between:
    """Return ``network`` so that it computes in ``dtype``, channels last, between float32 numbers.

    Where it cannot, or where its output on ``example`` moves by 2% of the largest, it computes in
    float32: bfloat16 rounds weights to 8 bits, which some networks do not bear.

    Args:
        network: In evaluation mode, with float32 weights.
        example: An input, ``(N, C, H, W)`` float32.
        dtype: To compute in.
    """
    if dtype != torch.float32:
        with torch.no_grad():
            wanted = network(example)
            try:
                made = Between(deepcopy(network), dtype)
                apart = float((made(example) - wanted).abs().max())
            except (RuntimeError, TypeError):
                apart = float("inf")
        if apart <= _TOLERANCE * float(wanted.abs().max()):
            return made
    return Between(network, torch.float32)


class Between(nn.Module):
    """A network of any type, channels last, between float32 inputs and outputs.

    Attributes:
        dtype: What it computes in; inputs of that type are taken as they are.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype) -> None:
        super().__init__()
        self.network = network.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.dtype = dtype

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        # the type first: half as many bytes to move
        x = x.to(self.dtype).contiguous(memory_format=torch.channels_last)
        features: torch.Tensor = self.network(x)
        return features.float()
