"""Turning the scores of a clip's snippets into the score of the clip.

In: ``(batch, segments, classes)`` scores, optionally a mask. Out: ``(batch, classes)`` scores.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import nn
from torch.nn.functional import linear

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import CONSENSUS_KINDS

_WIDTH = 16  # of the hidden state, and of the convolution


class RecurrentHead(nn.Module):
    """A gated recurrent unit over the segments, read after the last (Cho et al., EMNLP 2014)."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.gru = nn.GRU(num_classes, _WIDTH, batch_first=True)
        self.out = nn.Linear(_WIDTH, num_classes, bias=False)
        _begin(self.gru, self.out)

    def forward(self, scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """Read the first ``counts`` segments of each clip.

        Args:
            scores: ``(batch, segments, classes)`` of the type of the weights.
            counts: ``(batch,)`` int64, from 1 to segments.

        Returns:
            ``(batch, classes)``; zeros before any training.
        """
        states, _ = self.gru(scores)
        last = states[torch.arange(len(states), device=states.device), counts - 1]
        combined: torch.Tensor = self.out(last)
        return combined


class ConvolutionHead(nn.Module):
    """A convolution over each three segments in a row, rectified and averaged over the segments.

    Beyond either end the segment there is repeated, so that scores which do not change give the
    same answer for any number of segments.
    """

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(num_classes, _WIDTH, kernel_size=3)
        self.out = nn.Linear(_WIDTH, num_classes, bias=False)
        _begin(self.conv, self.out)

    def forward(self, scores: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
        """See ``RecurrentHead``; what follows the first ``counts`` repeats the last of them."""
        padded = torch.cat([scores[:, :1], scores, scores[:, -1:]], dim=1)
        # as a product, because torch divides so small a convolution over threads that wait
        threes = padded.unfold(1, 3, 1).flatten(2)
        features = linear(threes, self.conv.weight.flatten(1), self.conv.bias).relu()
        counted = torch.arange(scores.shape[1], device=scores.device) < counts[:, None]
        pooled = (features * counted[:, :, None]).sum(dim=1) / counts[:, None]
        combined: torch.Tensor = self.out(pooled)
        return combined


_HEADS: dict[str, type[RecurrentHead | ConvolutionHead]] = {
    "rnn": RecurrentHead,
    "cnn": ConvolutionHead,
}


class Consensus(nn.Module):
    """Segment consensus of temporal segment networks (Wang et al., ECCV 2016 and TPAMI 2018).

    ``avg`` is linear, so the score of a window is the mean of snippet scores computed once. Half
    precision is accumulated in float32 and returned in the type that came in. ``rnn`` and ``cnn``
    are ours: tsn-pytorch names them among its options and implements neither.
    """

    def __init__(
        self,
        kind: str = "avg",
        k: int = 3,
        num_segments: int | None = None,
        num_classes: int | None = None,
    ) -> None:
        """Choose the function.

        Args:
            kind: ``"avg"``, ``"sum"`` (``num_segments`` times the mean: the sum over the segments
                of training, whatever number is judged later), ``"max"``, ``"topk"`` (mean of the
                k largest scores of each class), ``"weighted"`` (learned convex combination,
                uniform at first), ``"identity"`` (scores pass through unchanged, mask or not),
                ``"rnn"`` or ``"cnn"`` (the mean and what a ``RecurrentHead`` or
                ``ConvolutionHead`` adds to it: nothing at first).
            k: How many scores ``"topk"`` averages; with fewer segments it averages them all.
            num_segments: Number of segments that ``"weighted"`` learns weights for and ``"sum"``
                stands for.
            num_classes: Size of the scores that ``"rnn"`` and ``"cnn"`` learn from.

        Raises:
            UsageError: Unknown kind, k below 1, ``"weighted"`` or ``"sum"`` without
                ``num_segments``, or ``"rnn"`` or ``"cnn"`` without ``num_classes``.
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
        if kind in _HEADS and num_classes is None:
            raise UsageError(f"{kind} consensus is made for a number of classes; give num_classes")
        for name, number in (("num_segments", num_segments), ("num_classes", num_classes)):
            if number is not None and number < 1:
                raise UsageError(f"{name} must be at least 1, not {number}")
        self.kind = kind
        self.k = k
        self.num_segments = num_segments
        self.num_classes = num_classes
        if kind == "weighted" and num_segments is not None:
            self.weights = nn.Parameter(torch.zeros(num_segments))
        if kind in _HEADS and num_classes is not None:
            self.head = _HEADS[kind](num_classes)

    def forward(self, scores: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
        """Combine the segments.

        Args:
            scores: ``(batch, segments, classes)`` floating point, in order of time.
            mask: ``(batch, segments)`` bool, True where a segment counts; None: all count.

        Returns:
            ``(batch, classes)``; for ``"identity"`` ``scores`` themselves.

        Raises:
            UsageError: Wrong shape or type, a clip whose segments are all masked, another
                number of segments than ``"weighted"`` has weights for, or of classes than
                ``"rnn"`` or ``"cnn"`` has.
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
        elif self.kind in _HEADS:
            combined = _mean(values, mask) + self._learned(values, mask)
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

    def _learned(self, values: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        """Return what the head adds to the mean, ``(batch, classes)`` of the type of ``values``."""
        if values.shape[2] != self.num_classes:
            raise UsageError(
                f"{self.kind} consensus was made for {self.num_classes} classes, got "
                f"{values.shape[2]}; make it for {values.shape[2]} or use 'avg'"
            )
        scores, counts = in_front(values.to(self.head.out.weight.dtype), mask)
        device = values.device.type
        able = torch.amp.is_autocast_available(device)
        # autocast would compute it in half precision
        with torch.autocast(device, enabled=False) if able else nullcontext():
            added: torch.Tensor = self.head(scores, counts)
        return added.to(values.dtype)


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


def in_front(scores: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores as if the masked segments had never been there.

    Args:
        scores: ``(batch, segments, classes)``.
        mask: ``(batch, segments)`` bool, True where a segment counts, somewhere in each clip;
            None: all count.

    Returns:
        ``(batch, segments, classes)`` with those that count first, in order, and then the last of
        them repeated; how many count, ``(batch,)`` int64.
    """
    batch, segments, classes = scores.shape
    if mask is None:
        return scores, torch.full((batch,), segments, device=scores.device)
    counts = mask.sum(dim=1)
    order = (~mask).int().argsort(dim=1, stable=True)
    places = torch.arange(segments, device=scores.device).expand(batch, -1)
    order = order.gather(1, torch.minimum(places, counts[:, None] - 1))
    return scores.gather(1, order[:, :, None].expand(-1, -1, classes)), counts


def _begin(body: nn.Module, out: nn.Linear) -> None:
    """Set the weights to begin with, the same in every run, and the last layer to zero.

    Networks that learned from different hidden layers could not be averaged.
    """
    generator = torch.Generator().manual_seed(0)
    bound = _WIDTH**-0.5  # as torch begins recurrent layers
    with torch.no_grad():
        for weight in body.parameters():
            drawn = torch.rand(weight.shape, generator=generator, device="cpu")
            weight.copy_((2 * drawn - 1) * bound)
    nn.init.zeros_(out.weight)
