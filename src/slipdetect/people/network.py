"""The network of the pose stream, computed by numpy: it is too small for more.

In: features of windows. Out: the log-odds of a fall.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.errors import PackageError
from slipdetect.people.features import FEATURES

Floats = npt.NDArray[np.floating]

DILATIONS = (1, 2, 4)
EPSILON = 1e-5  # of group normalization (Wu and He, ECCV 2018)


def shapes(channels: int) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of one network's weights."""
    wide = (channels,)
    blocks = {
        f"blocks.{index}.{name}": shape
        for index in range(len(DILATIONS))
        for name, shape in {
            "conv.weight": (channels, channels, 3),
            "conv.bias": wide,
            "norm.weight": wide,
            "norm.bias": wide,
        }.items()
    }
    return {
        "stem.weight": (channels, FEATURES, 1),
        "stem.bias": wide,
        "norm.weight": wide,
        "norm.bias": wide,
        **blocks,
        "head.weight": (1, 2 * channels),
        "head.bias": (1,),
    }


class PoseNetwork:
    """Dilated convolutions over the features of a person's window (Bai et al., 2018).

    A convolution of one picture, three residual ones of three pictures, each with group
    normalization and rectified; mean and maximum over the pictures that the person is inside of;
    a linear layer. Several networks of other seeds give the mean of their log-odds.

    Args:
        weights: Of all members, each name after the member's number: ``"0.stem.weight"``.
        where: What messages call them.

    Raises:
        PackageError: They are of another network.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[np.floating]], where: str) -> None:
        members: list[dict[str, Floats]] = []
        left = dict(weights)
        while f"{len(members)}.stem.weight" in left:
            prefix = f"{len(members)}."
            channels = left[f"{prefix}stem.weight"].shape[0]
            member = {}
            for name, shape in shapes(channels).items():
                array = left.pop(prefix + name, None)
                if array is None or array.shape != shape:
                    found = "missing" if array is None else f"of shape {array.shape}, not {shape}"
                    raise PackageError(f"{where}: {prefix}{name} is {found}")
                member[name] = array.astype(np.float32)
            members.append(member)
        self._alike = _stacked(members)
        if left or not members:
            names = ", ".join(sorted(left)[:3]) or "nothing"
            raise PackageError(f"{where} is no pose network; it holds {names}")

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of a fall, ``(windows,)``.

        Args:
            features: ``(windows, 105, pictures)``.
        """
        scores = np.concatenate([_forward(alike, features) for alike in self._alike])
        mean: Floats = scores.mean(0, dtype=np.float32)
        return mean


def _stacked(members: Sequence[Mapping[str, Floats]]) -> list[dict[str, Floats]]:
    """Return the weights of members of one width as arrays, which numpy computes in one call.

    Returns:
        For each width, by name: kernels ``(taps, members, 1, out, in)``, the head's
        ``(members, in, 1)``, and others ``(members, 1, out, 1)``.
    """
    by_width: dict[int, list[Mapping[str, Floats]]] = {}
    for member in members:
        by_width.setdefault(len(member["stem.bias"]), []).append(member)
    found = []
    for alike in by_width.values():
        stacks = {name: np.stack([each[name] for each in alike]) for name in alike[0]}
        for name, stack in stacks.items():
            if stack.ndim == 4:
                # a matrix for each tap, without gaps in memory
                stacks[name] = np.ascontiguousarray(np.moveaxis(stack, 3, 0)[:, :, None])
            elif stack.ndim == 3:
                stacks[name] = stack.swapaxes(1, 2)
            else:
                stacks[name] = stack[:, None, :, None]
        found.append(stacks)
    return found


def _forward(weights: Mapping[str, Floats], features: Floats) -> Floats:
    """Return the log-odds ``(members, windows)`` by networks of one width."""
    inside = features[:, -1:]
    hidden = _convolved(features, weights["stem.weight"], weights["stem.bias"], 1)
    hidden = _rectified(hidden, weights["norm.weight"], weights["norm.bias"]) * inside
    for index, dilation in enumerate(DILATIONS):
        conv, norm = f"blocks.{index}.conv", f"blocks.{index}.norm"
        made = _convolved(hidden, weights[f"{conv}.weight"], weights[f"{conv}.bias"], dilation)
        made = _rectified(made, weights[f"{norm}.weight"], weights[f"{norm}.bias"])
        hidden = (hidden + made) * inside
    mean = hidden.sum(-1) / np.maximum(inside.sum(-1), 1)
    most = (hidden - (1 - inside) * np.float32(1e3)).max(-1)
    scores: Floats = np.concatenate([mean, most], -1) @ weights["head.weight"]
    return scores[..., 0] + weights["head.bias"][:, 0, :, 0]


def _convolved(values: Floats, kernel: Floats, bias: Floats, dilation: int) -> Floats:
    """Return the convolution over the last axis, zeros beyond either end.

    Args:
        values: ``(windows, channels, pictures)``, or those of each member.
        kernel: ``(taps, members, 1, out, in)``.
        bias: ``(members, 1, out, 1)``.
        dilation: Pictures from tap to tap.
    """
    taps, length = len(kernel), values.shape[-1]
    summed: Floats = kernel[taps // 2] @ values + bias
    for tap in range(taps):
        shift = (tap - taps // 2) * dilation
        if 0 < abs(shift) < length:
            to, of = (
                slice(max(-shift, 0), length - max(shift, 0)),
                slice(max(shift, 0), length + min(shift, 0)),
            )
            summed[..., to] += kernel[tap] @ values[..., of]
    return summed


def _rectified(values: Floats, scale: Floats, shift: Floats) -> Floats:
    """Normalize over channels and time, one group, and cut below 0."""
    centered = values - values.mean((-2, -1), keepdims=True)
    spread = np.sqrt((centered**2).mean((-2, -1), keepdims=True) + np.float32(EPSILON))
    normalized: Floats = centered / spread * scale + shift
    return np.maximum(normalized, 0)
