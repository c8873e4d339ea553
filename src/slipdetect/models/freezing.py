"""Keeping a backbone, or its first stages, as they are while the rest learns.

In: a backbone and how much of it. Out: its parameters without gradients, the frozen blocks' names.
"""

from __future__ import annotations

from torch import nn

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
