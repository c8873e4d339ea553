"""Turning the scores of a clip's snippets into the score of the clip.

In: ``(batch, segments, classes)`` scores, optionally a mask. Out: ``(batch, classes)`` scores.
"""

from __future__ import annotations

import torch
from torch import nn

from slipdetect.errors import UsageError
from slipdetect.modalities.modality import CONSENSUS_KINDS


class Consensus(nn.Module):
    """Segment consensus of temporal segment networks (Wang et al., ECCV 2016 and TPAMI 2018).

    ``avg`` is linear, so the score of a window is the mean of snippet scores computed once. Half
    precision is accumulated in float32 and returned in the type that came in.
    """

    def __init__(self, kind: str = "avg", k: int = 3, num_segments: int | None = None) -> None:
        """Choose the function.

        Args:
            kind: ``"avg"``, ``"sum"`` (``num_segments`` times the mean: the sum over the segments
                of training, whatever number is judged later), ``"max"``, ``"topk"`` (mean of the
                k largest scores of each class), ``"weighted"`` (learned convex combination,
                uniform at first) or ``"identity"`` (scores pass through unchanged, mask or not).
            k: How many scores ``"topk"`` averages; with fewer segments it averages them all.
            num_segments: Number of segments that ``"weighted"`` learns weights for and ``"sum"``
                stands for.

        Raises:
            UsageError: Unknown kind, k below 1, or ``"weighted"`` or ``"sum"`` without
                ``num_segments``.
        """
        super().__init__()
        if kind not in CONSENSUS_KINDS:
            raise UsageError(
                f"unknown consensus {kind!r}; choose from {', '.join(CONSENSUS_KINDS)}"
            )
        if k < 1:
            raise UsageError(f"k of the topk consensus must be at least 1, not {k}")
        if kind in ("weighted", "sum") and num_segments is None:
            raise UsageError(
                f"{kind} consensus is made for a number of segments; give num_segments"
            )
        if num_segments is not None and num_segments < 1:
            raise UsageError(f"num_segments must be at least 1, not {num_segments}")
        self.kind = kind
        self.k = k
        self.num_segments = num_segments
        if kind == "weighted" and num_segments is not None:
            self.weights = nn.Parameter(torch.zeros(num_segments))

    def forward(self, scores: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Combine the segments.

        Args:
            scores: ``(batch, segments, classes)`` floating point.
            mask: ``(batch, segments)`` bool, True where a segment counts; None: all count.

        Returns:
            ``(batch, classes)``; for ``"identity"`` ``scores`` themselves.

        Raises:
            UsageError: Wrong shape or type, a clip whose segments are all masked, or another
                number of segments than ``"weighted"`` has weights for.
        """
        _check(scores, mask)
        if self.kind == "identity":
            return scores
        half = scores.dtype in (torch.float16, torch.bfloat16)
        values = scores.float() if half else scores
        if self.kind == "avg":
            combined = _mean(values, mask)
        elif self.kind == "sum" and self.num_segments is not None:
            combined = self.num_segments * _mean(values, mask)
        elif self.kind == "max":
            combined = _hidden(values, mask, float("-inf")).amax(dim=1)
        elif self.kind == "topk":
            combined = self._topk(values, mask)
        else:
            combined = self._weighted(values, mask)
        return combined.to(scores.dtype)

    def extra_repr(self) -> str:
        """Return what ``print(model)`` shows."""
        return f"{self.kind!r}" + (f", k={self.k}" if self.kind == "topk" else "")

    def _topk(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        k = min(self.k, values.shape[1])
        largest = _hidden(values, mask, float("-inf")).topk(k, dim=1).values
        if mask is None:
            return largest.mean(dim=1)
        rank = torch.arange(k, device=values.device)
        return _mean(largest, rank < mask.sum(dim=1, keepdim=True))

    def _weighted(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        if values.shape[1] != self.num_segments:
            raise UsageError(
                f"weighted consensus was made for {self.num_segments} segments, got "
                f"{values.shape[1]}; sample {self.num_segments} snippets or use 'avg'"
            )
        logits = self.weights.to(values.dtype).expand(values.shape[:2])
        weights = _hidden(logits, mask, float("-inf")).softmax(dim=1).unsqueeze(-1)
        # a weight of zero must also silence an infinite score, and 0 * inf is NaN
        return (values.masked_fill(weights == 0, 0.0) * weights).sum(dim=1)


def _check(scores: torch.Tensor, mask: torch.Tensor | None) -> None:
    if scores.ndim != 3 or scores.shape[1] < 1 or not scores.is_floating_point():
        raise UsageError(
            "consensus takes floating-point scores (batch, segments, classes), got "
            f"{scores.dtype} {tuple(scores.shape)}"
        )
    if mask is None:
        return
    if mask.shape != scores.shape[:2] or mask.dtype != torch.bool:
        raise UsageError(
            f"consensus mask must be bool {tuple(scores.shape[:2])}, got "
            f"{mask.dtype} {tuple(mask.shape)}"
        )
    if not bool(mask.any(dim=1).all()):
        raise UsageError("every segment of a clip is masked; drop the clip instead")


def _hidden(values: torch.Tensor, mask: torch.Tensor | None, fill: float) -> torch.Tensor:
    """Return ``values`` with masked segments (dimension 1) replaced by ``fill``."""
    if mask is None:
        return values
    hide = ~mask
    return values.masked_fill(hide.unsqueeze(-1) if values.ndim == 3 else hide, fill)


def _mean(values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    if mask is None:
        return values.mean(dim=1)
    return _hidden(values, mask, 0.0).sum(dim=1) / mask.sum(dim=1, keepdim=True)
