"""Late fusion: the scores of the streams become one; torch loads only where tensors come from.

In: logits of each modality, as arrays or tensors. Out: logits, probabilities or log-odds of the
same kind. torch loads only where tensors come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt

from slipdetect._checks import number
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import torch

    Scores = TypeVar("Scores", npt.NDArray[Any], torch.Tensor)

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
            number(f"fusion.weights.{name}", _plain(weight), 0.0)
        for name, value in (temperatures or {}).items():
            number(f"temperature of {name!r}", _plain(value), 0.0, above=True)
            if name not in weights:
                raise UsageError(f"a temperature is of a stream that is fused, not of {name!r}")
        if not sum(weights.values()) > 0:
            raise UsageError("fusion weights sum to zero; give at least one stream some weight")
        self.weights = {name: float(weight) for name, weight in weights.items()}
        self.temperatures = {name: float(t) for name, t in (temperatures or {}).items()}
        self.space = space
        self.allow_missing = allow_missing

    def __call__(self, scores: Mapping[str, Scores]) -> Scores:
        """Fuse the streams.

        Args:
            scores: Logits ``(..., classes)`` of each modality, arrays or tensors of one shape. A
                stream of weight zero may be absent.

        Returns:
            ``(..., classes)``: logits, or probabilities in the probabilities space.

        Raises:
            UsageError: A stream is missing or unknown, or shapes differ.
        """
        present = self._present(scores)
        total = sum(self.weights[name] for name in present)
        fused: Scores | None = None
        for name in present:
            part = scores[name]
            if self.temperatures.get(name, 1.0) != 1.0:
                part = part / self.temperatures[name]
            if self.space == "probabilities":
                part = softmax(part)
            part = part * (self.weights[name] / total)
            fused = part if fused is None else fused + part
        if fused is None:
            raise UsageError("none of the streams to fuse has any weight")
        return fused

    def probabilities(self, scores: Mapping[str, Scores]) -> Scores:
        """Fuse the streams and return probabilities ``(..., classes)`` in either space."""
        fused = self(scores)
        return fused if self.space == "probabilities" else softmax(fused)

    def log_odds(self, scores: Mapping[str, Scores], positive: int) -> Scores:
        """Fuse the streams and return the log-odds ``(...,)`` float64 of one class; finite.

        Unlike those of a probability that was rounded to 0 or 1, they do not saturate.

        Args:
            scores: As for a call.
            positive: Index of the class.
        """
        return class_log_odds(self.logits(scores), positive)

    def logits(self, scores: Mapping[str, Scores]) -> Scores:
        """Fuse the streams and return logits ``(..., classes)`` float64 in either space."""
        fused = self({name: _double(part) for name, part in scores.items()})
        # the logarithm of probabilities is a set of logits: the same odds, the same choice
        return _log(fused) if self.space == "probabilities" else fused

    def _present(self, scores: Mapping[str, Any]) -> list[str]:
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


def class_log_odds(logits: Scores, positive: int) -> Scores:
    """Return the log-odds ``(...,)`` float64 of one class against all others.

    Args:
        logits: ``(..., classes)``, an array or a tensor.
        positive: Index of the class.
    """
    values = _double(logits)
    rest = values[..., [index for index in range(values.shape[-1]) if index != positive]]
    if isinstance(rest, np.ndarray):
        odds: Scores = values[..., positive] - np.logaddexp.reduce(rest, axis=-1)
        return odds
    return values[..., positive] - rest.logsumexp(dim=-1)


def softmax(logits: Scores) -> Scores:
    """Return probabilities of the last axis; those of half precision in float32."""
    if isinstance(logits, np.ndarray):
        values = logits.astype(np.float32) if logits.dtype == np.float16 else logits
        shares = np.exp(values - values.max(axis=-1, keepdims=True))
        whole: Scores = shares / shares.sum(axis=-1, keepdims=True)
        return whole
    half = str(logits.dtype) in ("torch.float16", "torch.bfloat16")
    return (logits.float() if half else logits).softmax(dim=-1)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _double(values: Scores) -> Scores:
    return values.astype(np.float64) if isinstance(values, np.ndarray) else values.double()


def _log(probabilities: Scores) -> Scores:
    if isinstance(probabilities, np.ndarray):
        logs: Scores = np.log(np.maximum(probabilities, 1e-300))
        return logs
    return probabilities.clamp_min(1e-300).log()
