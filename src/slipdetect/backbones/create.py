"""Building a network by name, for any number of input channels.

In: a backbone's name, channels and weights. Out: a module ``(N, C, H, W) -> (N, feature_dim)``.
"""

from __future__ import annotations

import contextlib
import inspect
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipdetect.backbones.options import check_options, remember_options
from slipdetect.backbones.registry import Entry, find_entry, load_entry, short_reason, unavailable
from slipdetect.backbones.spec import Backbone, BackboneSpec
from slipdetect.errors import ModelError, SlipdetectError, UsageError

if TYPE_CHECKING:
    from torch import nn


def create_backbone(
    name: str,
    in_channels: int = 3,
    weights: str | os.PathLike[str] | None = None,
    **options: Any,
) -> nn.Module:
    """Build backbone ``name`` without its classifier.

    Args:
        name: A name of ``list_backbones()``, or ``timm/NAME`` for any network of timm.
        in_channels: Channels of the input. Anything but 3 replaces the kernels of the first
            convolution by their mean over the colors (cross-modality initialization).
        weights: None for random ones, ``"imagenet"``, or a ``.safetensors``, ``.pth`` or ``.pt``
            file with tensors only.
        **options: Of ``backbone_options(name)``. They may change two facts of the spec:
            ``feature_dim``, and that ``input_size`` is fixed.

    Returns:
        A module with attribute ``spec`` (``BackboneSpec``) that maps ``(N, in_channels, H, W)``
        float32, normalized as the spec says, to ``(N, feature_dim)``.

    Raises:
        ModelError: The name is unknown, or the weights cannot be had or do not fit.
        BackboneUnavailable: The backbone does not load, does not build, or breaks the contract.
        UsageError: ``in_channels`` or an option does not suit this backbone.
    """
    from slipdetect.backbones.stem import adapt_first_conv

    entry = find_entry(name)
    backbone = load_entry(name, entry)
    network = _build(name, entry, backbone, weights, options)
    spec = backbone.spec
    try:
        adapt_first_conv(network, spec.first_conv, in_channels)
    except ModelError as error:
        # the spec is right without the options, so they have put another layer there
        other = f"its first convolution is then no longer {spec.first_conv!r}"
        raise (_wrong_options(name, options, other) if options else error) from error
    if options or not entry.built_in:
        try:
            spec = checked_spec(network, spec, in_channels, options_given=bool(options))
        except Exception as error:
            raise _cannot_build(name, entry, options, error) from error
    if options:
        remember_options(network, options)
    # nn.Module's own __setattr__ is for tensors and modules.
    object.__setattr__(network, "spec", spec)
    return network


def checked_spec(
    network: nn.Module, spec: BackboneSpec, in_channels: int, *, options_given: bool
) -> BackboneSpec:
    """Run one picture of the smallest size through ``network`` and compare with ``spec``.

    Args:
        network: Takes ``(N, in_channels, H, W)``.
        spec: Of the network without options.
        in_channels: Channels of the input.
        options_given: Whether the network may have another number of features than ``spec``,
            and take pictures of other sizes.

    Returns:
        ``spec``, with the ``feature_dim`` that the network has and the sizes that it takes.

    Raises:
        ValueError: The output is no ``(1, feature_dim)`` tensor.
    """
    shape = _output_shape(network, in_channels, spec.min_input_size)
    if shape != (1, spec.feature_dim):
        if not options_given or not isinstance(shape, tuple) or shape[:-1] != (1,):
            raise ValueError(
                f"its network returns {shape} for one picture; its spec says "
                f"{(1, spec.feature_dim)}"
            )
        spec = replace(spec, feature_dim=shape[1])
    return _freed(network, spec, in_channels) if options_given and spec.fixed_input_size else spec


def _freed(network: nn.Module, spec: BackboneSpec, in_channels: int) -> BackboneSpec:
    """Return ``spec`` of a fixed size without that, if the options let other sizes pass."""

    def passes(size: int) -> bool:
        try:
            return _output_shape(network, in_channels, size) == (1, spec.feature_dim)
        except Exception:
            return False

    if not passes(2 * spec.input_size):
        return spec
    half = spec.input_size // 2
    least = half if passes(half) else spec.input_size
    return replace(spec, fixed_input_size=False, min_input_size=least)


def _output_shape(network: nn.Module, in_channels: int, size: int) -> tuple[int, ...] | str:
    """Return the shape of what a network makes of one picture, or its type if it has none."""
    import torch

    training = network.training
    network.eval()
    try:
        with torch.inference_mode():
            output = network(torch.zeros(1, in_channels, size, size))
    finally:
        network.train(training)
    return tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__


def _build(
    name: str,
    entry: Entry,
    backbone: Backbone,
    weights: str | os.PathLike[str] | None,
    options: dict[str, Any],
) -> nn.Module:
    from torch import nn

    check_options(name, backbone.build, options)
    try:
        inspect.signature(backbone.build).bind(weights, **options)
    except TypeError as error:
        raise UsageError(f"backbone {name!r} cannot be built so: {error}") from error
    try:
        with contextlib.redirect_stdout(sys.stderr):
            network = backbone.build(weights, **options)
        if not isinstance(network, nn.Module):
            raise TypeError(f"build() returned a {type(network).__name__}, not a torch.nn.Module")
    except SlipdetectError:
        raise
    except (Exception, SystemExit) as error:
        raise _cannot_build(name, entry, options, error) from error
    return network


def _cannot_build(
    name: str, entry: Entry, options: dict[str, Any], error: BaseException
) -> SlipdetectError:
    """Blame the options where there are any, else the backbone."""
    if not options:
        return unavailable(name, entry, error)
    return _wrong_options(name, options, short_reason(error))


def _wrong_options(name: str, options: dict[str, Any], reason: str) -> UsageError:
    given = ", ".join(f"{key}={value!r}" for key, value in options.items())
    return UsageError(
        f"backbone {name!r} cannot be built with {given}: {reason}; choose other options"
    )
