"""First-convolution surgery: let a network trained on color pictures take any channel count.

In: a network and the name of its first convolution. Out: the same network with new kernels.
"""

from __future__ import annotations

import torch
from torch import nn

from slipdetect.errors import ModelError, UsageError


def find_first_conv(network: nn.Module, first_conv: str) -> nn.Conv2d:
    """Return the convolution that a spec names.

    Raises:
        ModelError: There is no module of that name, it is no 2-D convolution, or it does not take
            the 3 channels of a picture.
    """
    try:
        conv = network.get_submodule(first_conv)
    except AttributeError as error:
        raise ModelError(
            f"the network has no module {first_conv!r}, which its spec names as first convolution; "
            "correct first_conv in the backbone's spec"
        ) from error
    if not isinstance(conv, nn.Conv2d):
        raise ModelError(
            f"first_conv {first_conv!r} is a {type(conv).__name__}, not a Conv2d; "
            "correct first_conv in the backbone's spec"
        )
    if conv.in_channels != 3:
        raise ModelError(
            f"first_conv {first_conv!r} takes {conv.in_channels} channels, not the 3 of a picture; "
            "correct first_conv in the backbone's spec"
        )
    return conv


def adapt_first_conv(network: nn.Module, first_conv: str, in_channels: int) -> None:
    """Make the first convolution take ``in_channels``, in place (cross-modality initialization).

    Every new kernel slice is the mean over the color slices, not rescaled (Wang et al., Temporal
    Segment Networks, ECCV 2016, section 3.2). Bias, stride, padding and groups stay, and so does
    the class of the module, which some libraries use for their own padding.

    Args:
        network: Takes ``(N, 3, H, W)``.
        first_conv: Dotted name of its first convolution.
        in_channels: Channels it shall take; 3 changes nothing.

    Raises:
        ModelError: The named convolution is missing or unsuitable.
        UsageError: ``in_channels`` is below 1 or does not divide into the convolution's groups.
    """
    conv = find_first_conv(network, first_conv)
    if in_channels < 1:
        raise UsageError(f"in_channels must be at least 1, not {in_channels}")
    if in_channels == 3:
        return
    if in_channels % conv.groups:
        raise UsageError(
            f"in_channels {in_channels} is not a multiple of the {conv.groups} groups "
            f"of first convolution {first_conv!r}"
        )
    old = conv.weight
    with torch.no_grad():
        mean = old.mean(dim=1, keepdim=True)
        kernel = mean.repeat(1, in_channels // conv.groups, 1, 1)
    conv.weight = nn.Parameter(kernel, requires_grad=old.requires_grad)
    conv.in_channels = in_channels
