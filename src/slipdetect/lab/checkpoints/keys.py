"""The names of tensors in old checkpoints, and what they are called in ``TSN``.

In: tensors by their old names. Out: the same tensors by new names, and what was renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from slipdetect.errors import ModelError

TSN_LAYOUT = "temporal segment network"
TWO_STREAM_LAYOUT = "two-stream network"

LAST_LAYERS = ("fc", "last_linear", "classif", "classifier.6")  # "classif" is an older spelling

_BODY = "base_model."
_HEAD = "new_fc."
_TWO_STREAM = {"conv1_custom.": "backbone.conv1.", "fc_custom.": "classifier."}
_TWO_STREAM_VGG = {"fc_action.": "classifier."}
_PARALLEL = "module"
_SHOWN = 5


@dataclass(frozen=True)
class Renamed:
    """Tensors by the names that ``TSN.state_dict`` uses."""

    layout: str  # TSN_LAYOUT or TWO_STREAM_LAYOUT
    tensors: dict[str, torch.Tensor]
    origins: dict[str, str]  # old names by new ones
    rules: dict[str, str]  # beginnings of old names by what replaced them, the first match counts
    changes: tuple[str, ...]  # what was renamed, for people

    @property
    def own_head(self) -> bool:
        """Whether a layer of its own scores the classes, after a dropout."""
        return _HEAD in self.rules

    @property
    def backbone(self) -> dict[str, torch.Tensor]:
        """Tensors of the backbone by their names in it."""
        start = "backbone."
        return {
            name.removeprefix(start): value
            for name, value in self.tensors.items()
            if name.startswith(start)
        }


def rename(state: Mapping[str, torch.Tensor], where: str, *, parallel: bool = True) -> Renamed:
    """Find out which program wrote ``state`` and give its tensors their new names.

    Args:
        state: Tensors by old name.
        where: What to call the file.
        parallel: Whether ``module`` in a name is from ``nn.DataParallel``, and not a layer's own.

    Raises:
        ModelError: No known layout, no layer that scores classes, or two tensors for one name.
    """
    dropped = _PARALLEL if parallel else None
    plain = {".".join(p for p in name.split(".") if p != dropped): name for name in state}
    if len(plain) < len(state):
        raise ModelError(f"{where} has tensors with and without 'module.' in front; clean it first")
    layout, rules = _rules(plain, where)
    origins: dict[str, str] = {}
    used: dict[str, int] = {}
    for name, old in plain.items():
        start = next((start for start in rules if name.startswith(start)), None)
        new = name if start is None else rules[start] + name[len(start) :]
        origins[new] = old
        if start is not None:
            used[start] = used.get(start, 0) + 1
    if len(origins) < len(plain):
        raise ModelError(f"{where} has two tensors for one place in the network; give another file")
    changes = [_change(start, rules[start], count) for start, count in used.items()]
    if any(name != old for name, old in plain.items()):
        changes.insert(0, "'module.' of DataParallel dropped")
    return Renamed(
        layout=layout,
        tensors={new: state[old] for new, old in origins.items()},
        origins=origins,
        rules=rules,
        changes=tuple(changes),
    )


def fit(
    renamed: Renamed, wanted: Mapping[str, torch.Tensor], where: str, hint: str = ""
) -> dict[str, torch.Tensor]:
    """Return the tensors as a network wants them, every one by name and shape.

    Counters that files from before PyTorch 0.4.1 lack are added; they play no part in the output.

    Args:
        renamed: The tensors.
        wanted: State dict of the network; only its names and shapes matter.
        where: What to call the file.
        hint: Put after the message of an error.

    Raises:
        ModelError: A tensor is missing, left over or of another shape; the first five are named.
    """
    tensors = dict(renamed.tensors)
    for name, value in wanted.items():
        if name.endswith("num_batches_tracked"):
            tensors.setdefault(name, torch.zeros(value.shape, dtype=value.dtype))
    problems = [f"misses {_old_name(name, renamed)}" for name in wanted if name not in tensors]
    problems += [f"{renamed.origins[name]} is left over" for name in tensors if name not in wanted]
    problems += [
        f"{renamed.origins[name]} is {tuple(value.shape)}, not {tuple(wanted[name].shape)}"
        for name, value in tensors.items()
        if name in wanted and name in renamed.origins and value.shape != wanted[name].shape
    ]
    if problems:
        more = "; ..." if len(problems) > _SHOWN else ""
        raise ModelError(
            f"{where} does not fit ({len(problems)} tensors): "
            f"{'; '.join(problems[:_SHOWN])}{more}{hint}"
        )
    return {name: tensors[name] for name in wanted}


def _rules(names: Mapping[str, str], where: str) -> tuple[str, dict[str, str]]:
    """Return the layout and beginnings of names by what replaces them, the first match counts."""
    if any(name.startswith(_BODY) for name in names):
        heads = [_HEAD, *(f"{_BODY}{layer}." for layer in LAST_LAYERS)]
        head = next((head for head in heads if f"{head}weight" in names), None)
        if head is None:
            raise ModelError(
                f"{where} has no layer that scores classes (new_fc, or fc, last_linear or "
                "classifier.6 of base_model); give a whole checkpoint"
            )
        return TSN_LAYOUT, {head: "classifier.", _BODY: "backbone."}
    for rules in (_TWO_STREAM, _TWO_STREAM_VGG):
        if any(f"{start}weight" in names for start in rules if "fc" in start):
            return TWO_STREAM_LAYOUT, {**rules, "": "backbone."}
    raise ModelError(
        f"{where} is not a checkpoint of tsn-pytorch (base_model.*) or of a two-stream network "
        f"(fc_custom, fc_action): it begins with {', '.join(list(names)[:3])}"
    )


def _old_name(new: str, renamed: Renamed) -> str:
    """Return what a tensor that is missing would be called in the file."""
    for old_start, new_start in renamed.rules.items():
        if new.startswith(new_start):
            return old_start + new.removeprefix(new_start)
    return new


def _change(old: str, new: str, count: int) -> str:
    tensors = "1 tensor" if count == 1 else f"{count} tensors"
    return f"{f'{old}*' if old else 'others'} -> {new}* ({tensors})"
