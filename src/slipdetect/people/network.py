"""The network of the pose stream, computed by numpy: it is too small for more.

In: features of windows. Out: the log-odds of a fall.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from slipdetect.errors import PackageError
from slipdetect.people.features import FEATURES

Floats = npt.NDArray[np.floating]

DILATIONS = (1, 2, 4)
_BLOCK = ("conv.weight", "conv.bias", "norm.weight", "norm.bias")
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
        self._members: list[dict[str, Floats]] = []
        left = dict(weights)
        while f"{len(self._members)}.stem.weight" in left:
            prefix = f"{len(self._members)}."
            channels = left[f"{prefix}stem.weight"].shape[0]
            member = {}
            for name, shape in shapes(channels).items():
                array = left.pop(prefix + name, None)
                if array is None or array.shape != shape:
                    found = "missing" if array is None else f"of shape {array.shape}, not {shape}"
                    raise PackageError(f"{where}: {prefix}{name} is {found}")
                kernel = array.astype(np.float32)
                # a matrix for each tap, without gaps in memory
                member[name] = (
                    np.ascontiguousarray(kernel.T.swapaxes(1, 2)) if kernel.ndim == 3 else kernel
                )
            self._members.append(member)
        if left or not self._members:
            names = ", ".join(sorted(left)[:3]) or "nothing"
            raise PackageError(f"{where} is no pose network; it holds {names}")

    def log_odds(self, features: Floats) -> Floats:
        """Return the log-odds of a fall, ``(windows,)``.

        Args:
            features: ``(windows, 105, pictures)``.
        """
        scores = [_forward(member, features) for member in self._members]
        mean: Floats = np.mean(scores, axis=0, dtype=np.float32)
        return mean


def _forward(weights: Mapping[str, Floats], features: Floats) -> Floats:
    inside = features[:, -1:]
    hidden = _convolved(features, weights["stem.weight"], weights["stem.bias"], 1)
    hidden = _rectified(hidden, weights["norm.weight"], weights["norm.bias"]) * inside
    for index, dilation in enumerate(DILATIONS):
        block = {name: weights[f"blocks.{index}.{name}"] for name in _BLOCK}
        made = _convolved(hidden, block["conv.weight"], block["conv.bias"], dilation)
        hidden = (hidden + _rectified(made, block["norm.weight"], block["norm.bias"])) * inside
    mean = hidden.sum(-1) / np.maximum(inside.sum(-1), 1)
    most = (hidden - (1 - inside) * np.float32(1e3)).max(-1)
    scores: Floats = np.concatenate([mean, most], 1) @ weights["head.weight"][0]
    scores += weights["head.bias"][0]
    return scores


def _convolved(values: Floats, kernel: Floats, bias: Floats, dilation: int) -> Floats:
    """Return the convolution over the last axis, zeros beyond either end.

    Args:
        values: ``(windows, channels, pictures)``.
        kernel: ``(taps, out, in)``.
        bias: ``(out,)``.
        dilation: Pictures from tap to tap.
    """
    taps, length = len(kernel), values.shape[2]
    summed: Floats = kernel[taps // 2] @ values + bias[:, None]
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
    mean = values.mean((1, 2), keepdims=True)
    spread = np.sqrt(values.var((1, 2), keepdims=True) + np.float32(EPSILON))
    normalized: Floats = (values - mean) / spread * scale[:, None] + shift[:, None]
    return np.maximum(normalized, 0)
