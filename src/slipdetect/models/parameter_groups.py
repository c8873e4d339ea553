"""The five optimizer groups of the reference temporal segment network.

In: a network, its first convolution, learning rate and decay. Out: dicts for a torch optimizer.
"""

from __future__ import annotations

from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

# name: (learning-rate factor, the factor for flow, decay factor)
_GROUPS = {
    "first_conv_weight": (1.0, 5.0, 1.0),
    "first_conv_bias": (2.0, 10.0, 0.0),
    "weight": (1.0, 1.0, 1.0),
    "bias": (2.0, 2.0, 0.0),
    "bn": (1.0, 1.0, 0.0),
}

_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm)


def parameter_groups(
    network: nn.Module,
    first_conv: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    is_flow: bool,
) -> list[dict[str, Any]]:
    """Sort the trainable parameters into the groups that TSN's recipe scales apart.

    Args:
        network: All of it, head and consensus included.
        first_conv: The convolution that sees the input.
        lr: Base learning rate.
        weight_decay: Base weight decay; biases and normalization layers get none.
        is_flow: The first convolution learns faster on flow, which no image weights know.

    Returns:
        Five dicts with ``name``, ``lr``, ``weight_decay`` and ``params``; every parameter that
        requires a gradient is in exactly one of them, and a group may be empty.
    """
    members: dict[str, list[nn.Parameter]] = {name: [] for name in _GROUPS}
    seen: set[int] = set()
    for module in network.modules():
        for key, parameter in module.named_parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                members[_group_of(module, key, module is first_conv)].append(parameter)
    return [
        {
            "name": name,
            "params": members[name],
            "lr": lr * (flow_factor if is_flow else factor),
            "weight_decay": weight_decay * decay,
        }
        for name, (factor, flow_factor, decay) in _GROUPS.items()
    ]


def _group_of(module: nn.Module, key: str, is_first: bool) -> str:
    if isinstance(module, _NORMS):
        return "bn"
    # recurrent layers name theirs bias_ih_l0 and bias_hh_l0
    kind = "bias" if key == "bias" or key.startswith("bias_") else "weight"
    return f"first_conv_{kind}" if is_first else kind
