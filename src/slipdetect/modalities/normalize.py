"""From stored uint8 snippets to the float32 tensor that a backbone was trained to see.

In: ``(..., images, H, W, C)`` uint8. Out: ``(..., images * C, H, W)`` float32. torch loads on use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import Modality

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Normalization:
    """What a backbone expects of a color picture.

    Attributes:
        color: Channel order, ``"RGB"`` or ``"BGR"``.
        value_range: Largest pixel value, 1.0 or 255.0.
        mean: Per channel in ``color`` order, in units of ``value_range``.
        std: Per channel in ``color`` order, in units of ``value_range``.
        flow: (mean, std) of flow in units of ``value_range`` where they do not follow from the
            above, as for two-stream networks, which saw plain [0, 1] flow; None: they follow.
        contrast: Root mean square that the differences of an RGB-difference snippet are scaled to,
            in units of ``std``, so that dark clothes in the dark move as light ones in the light;
            None: they stay as they are.
    """

    color: str = "RGB"
    value_range: float = 1.0
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    flow: tuple[float, float] | None = None
    contrast: float | None = None

    def __post_init__(self) -> None:
        if self.color not in ("RGB", "BGR"):
            raise UsageError(f"color must be 'RGB' or 'BGR', not {self.color!r}")
        if self.value_range not in (1.0, 255.0):
            raise UsageError(f"value_range must be 1.0 or 255.0, not {self.value_range!r}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise UsageError("mean and std need three values each, std above zero")
        if self.flow is not None and (len(self.flow) != 2 or not self.flow[1] > 0):
            raise UsageError("flow needs two values, mean and std, std above zero")
        if self.contrast is not None and not self.contrast > 0:
            raise UsageError(f"contrast must be above zero, not {self.contrast!r}")

    @property
    def flow_mean(self) -> float:
        """Value of zero flow (byte 128) in ``value_range`` units, rounded as in the reference."""
        if self.flow is not None:
            return self.flow[0]
        return 128.0 if self.value_range == 255.0 else 0.5

    @property
    def flow_std(self) -> float:
        """Mean of the color standard deviations (reference TSN)."""
        if self.flow is not None:
            return self.flow[1]
        return sum(self.std) / 3


# differences of a camera's noise; what is no larger is not made larger
NOISE = 0.04


class SnippetNormalizer:
    """Normalize a batch of stored snippets of one modality, on the device they are on.

    RGB-difference frames are normalized as pictures; the network differences them, so the mean
    cancels and a static clip gives exactly zero, in training and in testing alike.
    """

    def __init__(self, modality: Modality, normalization: Normalization) -> None:
        self.modality = modality
        self.normalization = normalization

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Normalize ``images``.

        Args:
            images: ``(..., images, H, W, C)`` uint8; C is 3 (RGB order) or, for flow, 2 (u, v).

        Returns:
            ``(..., images * C, H, W)`` float32, channels last where the images' memory was.
        """
        import torch

        channels = 2 if self.modality.name == "flow" else 3
        expected = (self.modality.images, channels)
        if images.dtype != torch.uint8 or (images.shape[-4], images.shape[-1]) != expected:
            raise UsageError(
                f"{self.modality.name} snippets are uint8 (..., {expected[0]}, H, W, {channels}); "
                f"got {images.dtype} {tuple(images.shape)}"
            )
        if channels == 3 and self.normalization.color == "BGR":
            images = images.flip(-1)
        # bytes are moved, unless they are interleaved already; the rest is done in place
        stacked = images.movedim(-1, -3).flatten(-4, -3).to(torch.float32)
        of = self.normalization
        parts = (of.mean, of.std) if channels == 3 else ([of.flow_mean] * 2, [of.flow_std] * 2)
        mean, std = (stacked.new_tensor(part) for part in parts)
        scale, shift = self.normalization.value_range / (255.0 * std), mean / std
        for_all = (self.modality.images, 1, 1)
        stacked.mul_(scale[:, None, None].repeat(for_all)).sub_(
            shift[:, None, None].repeat(for_all)
        )
        if self.modality.name == "rgbdiff" and self.normalization.contrast is not None:
            gain = _gain(stacked.reshape(images.movedim(-1, -3).shape), self.normalization.contrast)
            stacked.mul_(gain.squeeze(-4))
        return stacked


def _gain(values: torch.Tensor, wanted: float) -> torch.Tensor:
    """Return what brings the differences of ``(..., images, C, H, W)`` to the size ``wanted``."""
    import torch

    differences = values.diff(dim=-4)
    count = differences[(0,) * (differences.ndim - 4)].numel()
    energy = torch.linalg.vector_norm(differences, dim=(-4, -3, -2, -1), keepdim=True).square()
    gain: torch.Tensor = wanted / (energy / count + NOISE**2).sqrt()
    return gain
