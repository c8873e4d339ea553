"""Batch norms folded into the convolutions before them, for inference alone.

In: a network in evaluation mode. Out: the same function in fewer steps.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

_TOLERANCE = 1e-3  # of the largest output


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
        close = float((wanted - made).abs().max()) <= _TOLERANCE * float(wanted.abs().max())
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
