"""The same network, faster: batch norms folded into convolutions, half the bits where it may.

In: a network in evaluation mode and an example of its input. Out: one that agrees with it there.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_FOLDED_TOLERANCE = 1e-3  # of the largest output


def folded(network: nn.Module, example: torch.Tensor) -> nn.Module:
    """Return a copy of ``network`` whose batch norms are part of the convolutions before them.

    Which belong together is seen in a run on ``example``. The copy has to agree with the network
    on it; where it does not, as where a convolution's output goes elsewhere too, or where a
    network cannot be copied, the network itself is returned.

    Args:
        network: In evaluation mode.
        example: An input, ``(N, C, H, W)`` float32.
    """
    with torch.no_grad():
        try:
            copy = deepcopy(network)
        except (RuntimeError, TypeError):
            return network
        for conv, norm in _pairs(copy, example):
            _fold(copy, conv, norm)
        wanted, made = network(example), copy(example)
        close = float((wanted - made).abs().max()) <= _FOLDED_TOLERANCE * float(wanted.abs().max())
        return copy if close else network


def _pairs(network: nn.Module, example: torch.Tensor) -> list[tuple[str, str]]:
    """Return the names of convolutions and of the batch norms that take their output."""
    made: dict[int, tuple[str, torch.Tensor]] = {}
    calls: dict[str, int] = {}
    found: list[tuple[str, str]] = []
    hooks = []

    def of_conv(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, output: torch.Tensor) -> None:
            calls[name] = calls.get(name, 0) + 1
            made[id(output)] = name, output  # kept, so that no other tensor takes its id

        return hook

    def of_norm(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any) -> None:
            calls[name] = calls.get(name, 0) + 1
            if id(args[0]) in made:
                found.append((made[id(args[0])][0], name))

        return hook

    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            hooks.append(module.register_forward_hook(of_conv(name)))
        elif _foldable(module):
            hooks.append(module.register_forward_pre_hook(of_norm(name)))
    network(example)
    for each in hooks:
        each.remove()
    return [pair for pair in found if all(calls[name] == 1 for name in pair)]


def _foldable(module: nn.Module) -> bool:
    # timm's batch norm has its activation within
    plain = type(module) is nn.BatchNorm2d
    with_act = isinstance(module, nn.BatchNorm2d) and isinstance(
        getattr(module, "act", None), nn.Module
    )
    return (plain or with_act) and not module.training


def _fold(network: nn.Module, conv: str, norm: str) -> None:
    first, second = network.get_submodule(conv), network.get_submodule(norm)
    act = getattr(second, "act", nn.Identity())
    network.set_submodule(conv, fuse_conv_bn_eval(first, second))  # type: ignore[type-var, arg-type]
    network.set_submodule(norm, act)


_BFLOAT16_TOLERANCE = 0.02  # of the largest output


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
        if apart <= _BFLOAT16_TOLERANCE * float(wanted.abs().max()):
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
