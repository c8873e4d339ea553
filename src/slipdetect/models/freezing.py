"""Keeping a backbone, or its first stages, as they are while the rest learns.

In: a backbone and how much of it. Out: its parameters without gradients, the frozen blocks' names.
"""

from __future__ import annotations

from typing import Any, Literal

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from slipdetect.errors import UsageError

_WHOLE_NETWORKS = ("features", "blocks", "body")


def freeze(backbone: nn.Module, what: str) -> list[str]:
    """Take the gradients off the parameters of a backbone's first blocks.

    A frozen batch norm must also stay in evaluation mode: the caller keeps the blocks there.

    Args:
        backbone: The network without classifier.
        what: ``"none"``, ``"backbone"`` (all blocks: a fixed feature extractor) or ``"stages:N"``,
            the first N of ``blocks(backbone)``.

    Returns:
        The names of the frozen blocks.

    Raises:
        UsageError: ``what`` is none of these, or there are fewer than N blocks.
    """
    if what == "none":
        return []
    names = blocks(backbone)
    if what == "backbone":
        chosen = names
        # parameters that belong to no block, such as a positional embedding
        for parameter in backbone.parameters():
            parameter.requires_grad_(False)
    else:
        kind, _, count = what.partition(":")
        if kind != "stages" or not count.isdecimal() or not 0 < int(count) <= len(names):
            raise UsageError(
                f"cannot freeze {what!r}: say none, backbone, or stages:N with N from 1 to "
                f"{len(names)} ({', '.join(names[:8])}{', ...' if len(names) > 8 else ''})"
            )
        chosen = names[: int(count)]
    for name in chosen:
        backbone.get_submodule(name).requires_grad_(False)
    return chosen


def blocks(backbone: nn.Module) -> list[str]:
    """Return the names of the blocks that hold parameters, from the input on.

    They are the backbone's children, ``conv1, bn1, layer1, ..., layer4`` in a ResNet. Where the
    whole network is one sequence (``features``, ``blocks``, ``body``) they are its members.
    """
    found = []
    for name, child in backbone.named_children():
        if not any(True for _ in child.parameters()):
            continue
        inner = [
            f"{name}.{key}"
            for key, part in child.named_children()
            if any(True for _ in part.parameters())
        ]
        found += inner if name in _WHOLE_NETWORKS and inner else [name]
    return found


FreezeBN = bool | Literal["all"]


class BatchNormFreezer:
    """Freeze batch normalization after the first layer, as TSN does against over-fitting.

    Statistics, scale and shift are all frozen (the reference implementation does so too, although
    its paper speaks of mean and variance only). What it froze, and nothing else, it unfreezes.
    """

    def __init__(self, network: nn.Module) -> None:
        self.mode: FreezeBN = False
        # names, not tensors: load_state_dict(assign=True) replaces the tensors
        self._frozen: set[str] = set()
        kinds = (nn.BatchNorm2d, nn.SyncBatchNorm)
        self._layers = [name for name, each in network.named_modules() if isinstance(each, kinds)]

    def freeze(self, network: nn.Module, mode: FreezeBN) -> None:
        """Freeze as ``mode`` says, undoing an earlier choice first.

        Raises:
            UsageError: ``mode`` is neither True, False nor "all".
        """
        if not isinstance(mode, bool) and mode != "all":
            raise UsageError(f"partial_bn is True, False or 'all', not {mode!r}")
        for name in self._frozen:
            network.get_parameter(name).requires_grad_(True)
        self._frozen.clear()
        for name in self._frozen_layers():
            network.get_submodule(name).train(network.training)
        self.mode = mode
        for name in self._frozen_layers():
            for key, parameter in network.get_submodule(name).named_parameters(recurse=False):
                if parameter.requires_grad:
                    parameter.requires_grad_(False)
                    self._frozen.add(f"{name}.{key}" if name else key)
        self.apply(network)

    def apply(self, network: nn.Module) -> None:
        """Put the frozen layers into eval mode again, after ``network.train()`` woke them."""
        for name in self._frozen_layers():
            network.get_submodule(name).eval()

    def _frozen_layers(self) -> list[str]:
        if self.mode is False:
            return []
        return self._layers if self.mode == "all" else self._layers[1:]


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
