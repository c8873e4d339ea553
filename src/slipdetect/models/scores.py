"""Turning the scores of a clip's snippets into the score of the clip.

In: ``(batch, segments, classes)`` scores, optionally a mask. Out: ``(batch, classes)`` scores.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import nn

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import CONSENSUS_KINDS
from slipdetect.models.segment_heads import ConvolutionHead, RecurrentHead, in_front

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


FUSION_SPACES = ("logits", "probabilities")


class LateFusion:
    """Weighted mean of the streams' scores.

    The reference implementation adds weighted logits. The mean differs from that sum only by the
    factor 1 / sum of weights, so the winning class is the same, while a calibration or a threshold
    keeps its meaning whatever the weights add up to and whichever streams are present.
    """

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        space: str = "logits",
        allow_missing: bool = False,
        temperatures: Mapping[str, float] | None = None,
    ) -> None:
        """Choose weights and the space in which to average.

        Args:
            weights: Weight of each modality, finite and not negative; None: rgb 1, flow 1.5,
                rgbdiff 1 (the 2020 course report's best).
            space: ``"logits"`` averages logits and returns logits; ``"probabilities"`` applies
                softmax to each stream, averages and returns probabilities.
            allow_missing: Average over the streams that are there instead of insisting on all.
            temperatures: Divides the logits of a modality before anything else, above 0; 1 where
                a modality is not named. One that is too sure of itself is tempered this way.

        Raises:
            UsageError: A bad weight or temperature, weights that sum to zero, an unknown space.
        """
        if weights is None:
            weights = {"rgb": 1.0, "flow": 1.5, "rgbdiff": 1.0}
        if space not in FUSION_SPACES:
            raise UsageError(f"fusion space is {' or '.join(FUSION_SPACES)}, not {space!r}")
        for name, weight in weights.items():
            if not math.isfinite(weight) or weight < 0:
                raise UsageError(f"fusion weight of {name!r} must be finite and >= 0, not {weight}")
        for name, value in (temperatures or {}).items():
            if name not in weights or not (math.isfinite(value) and value > 0):
                raise UsageError(
                    f"a temperature is a finite number above 0 of a stream that is fused, not "
                    f"{value} of {name!r}"
                )
        if not sum(weights.values()) > 0:
            raise UsageError("fusion weights sum to zero; give at least one stream some weight")
        self.weights = {name: float(weight) for name, weight in weights.items()}
        self.temperatures = {name: float(t) for name, t in (temperatures or {}).items()}
        self.space = space
        self.allow_missing = allow_missing

    def __call__(self, scores: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Fuse the streams.

        Args:
            scores: Logits ``(..., classes)`` of each modality, all of one shape. A stream of
                weight zero may be absent.

        Returns:
            ``(..., classes)``: logits, or probabilities in the probabilities space.

        Raises:
            UsageError: A stream is missing or unknown, or shapes differ.
        """
        present = self._present(scores)
        total = sum(self.weights[name] for name in present)
        fused: torch.Tensor | None = None
        for name in present:
            part = scores[name]
            if self.temperatures.get(name, 1.0) != 1.0:
                part = part / self.temperatures[name]
            if self.space == "probabilities":
                part = _softmax(part)
            part = part * (self.weights[name] / total)
            fused = part if fused is None else fused + part
        if fused is None:
            raise UsageError("none of the streams to fuse has any weight")
        return fused

    def probabilities(self, scores: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Fuse the streams and return probabilities ``(..., classes)`` in either space."""
        fused = self(scores)
        return fused if self.space == "probabilities" else _softmax(fused)

    def log_odds(self, scores: Mapping[str, torch.Tensor], positive: int) -> torch.Tensor:
        """Fuse the streams and return the log-odds ``(...,)`` float64 of one class; finite.

        Unlike those of a probability that was rounded to 0 or 1, they do not saturate.

        Args:
            scores: As for a call.
            positive: Index of the class.
        """
        return class_log_odds(self.logits(scores), positive)

    def logits(self, scores: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Fuse the streams and return logits ``(..., classes)`` float64 in either space."""
        fused = self({name: part.double() for name, part in scores.items()})
        # the logarithm of probabilities is a set of logits: the same odds, the same choice
        return fused.clamp_min(1e-300).log() if self.space == "probabilities" else fused

    def _present(self, scores: Mapping[str, torch.Tensor]) -> list[str]:
        for name in scores:
            if name not in self.weights:
                known = ", ".join(self.weights)
                raise UsageError(f"no fusion weight for stream {name!r}; weights are for {known}")
        needed = [name for name, weight in self.weights.items() if weight > 0]
        missing = [name for name in needed if name not in scores]
        if missing and not self.allow_missing:
            raise UsageError(
                f"fusion misses the scores of {', '.join(missing)}; "
                "score that stream, or pass allow_missing=True"
            )
        shapes = {tuple(part.shape) for part in scores.values()}
        if len(shapes) > 1:
            listed = ", ".join(f"{name} {tuple(part.shape)}" for name, part in scores.items())
            raise UsageError(f"streams to fuse have different shapes: {listed}")
        return [name for name in needed if name in scores]


def class_log_odds(logits: torch.Tensor, positive: int) -> torch.Tensor:
    """Return the log-odds ``(...,)`` float64 of one class against all others.

    Args:
        logits: ``(..., classes)``.
        positive: Index of the class.
    """
    values = logits.double()
    rest = torch.cat([values[..., :positive], values[..., positive + 1 :]], dim=-1)
    return values[..., positive] - rest.logsumexp(dim=-1)


def _softmax(logits: torch.Tensor) -> torch.Tensor:
    half = logits.dtype in (torch.float16, torch.bfloat16)
    return (logits.float() if half else logits).softmax(dim=-1)
