"""Which streams and fusions of a backbone are compared, with weights fitted where possible.

In: a ``StreamSet`` and the user's own weights. Out: ``FusionChoice``s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.lab import require
from slipdetect.lab.compare.runs import StreamSet
from slipdetect.lab.evaluate.decisions import decide
from slipdetect.lab.evaluate.scores import ClipScores, Floats
from slipdetect.modalities.snippet import MODALITIES

Weights = Mapping[str, float]

# Table 7 of the 2020 course report
_COURSE2020_FUSIONS = (
    {"rgb": 1.0, "flow": 1.0},
    {"rgb": 1.0, "flow": 1.5},
    {"rgb": 1.0, "flow": 1.0, "rgbdiff": 1.0},
    {"rgb": 1.0, "flow": 1.5, "rgbdiff": 1.0},
)
FEWEST = 10  # clips of either label; fewer say too little, as in calibration
# holds the weights of streams that separate all clips finite; far below what clips say otherwise
_RIDGE = 1e-3
# nats per clip; fits that gain less do not tell the weights
_LEAST_GAIN = 1e-4

_MOST_SATURATED, _NEAR = 0.9, 0.01  # share of clips; distance from 0 or 1

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FittedWeights:
    """Weights of streams."""

    weights: dict[str, float]  # by stream, not negative, of sum 1
    note: str = ""  # why all weights are equal; empty if they were fitted


@dataclass(frozen=True)
class FusionChoice:
    """One stream, or a fusion."""

    name: str  # ``"rgb"``, ``"rgb+flow 1:1.5"``, ``"rgb+flow fitted"``, ...
    weights: dict[str, float]  # by stream
    note: str = ""  # what is odd about the weights, if anything


def fusion_choices(
    streams: StreamSet, own: Sequence[Weights] = (), *, saturated_fallback: bool = False
) -> list[FusionChoice]:
    """Return single streams, the 2020 report's fusions, own ones, and the fitted one, in order.

    Own fusions of streams that are not there are left out, and so is the fitted one without
    validation scores.

    Args:
        streams: Scores of the streams.
        own: More fusions, as weights by stream.
        saturated_fallback: Replace the weights of rgb and flow by one of the two alone where
            ``trusted_stream`` says so; it looks at the test clips' scores, not at their labels.
    """
    found = {choice.name: choice for choice in _choices(streams, own)}.values()
    if not saturated_fallback:
        return list(found)
    return [_unsaturated(streams.test, choice) for choice in found]


def fusion_name(weights: Weights) -> str:
    """Return such as ``"rgb+flow 1:1.5"``; a single stream is its name."""
    names = in_order(weights)
    ratio = ":".join(f"{weights[name]:g}" for name in names)
    return names[0] if len(names) == 1 else f"{'+'.join(names)} {ratio}"


def _choices(streams: StreamSet, own: Sequence[Weights]) -> Iterator[FusionChoice]:
    names = in_order(streams.test.logits)
    for name in names:
        yield FusionChoice(name, {name: 1.0})
    for weights in [*usual_fusions(names), *own]:
        if set(weights) <= set(names):
            yield FusionChoice(fusion_name(weights), {k: weights[k] for k in in_order(weights)})
    if len(names) > 1 and streams.validation is not None:
        known = streams.validation
        fitted = fit_weights({name: known.logits[name] for name in names}, known.truth)
        yield FusionChoice(f"{'+'.join(names)} fitted", fitted.weights, fitted.note)


def _unsaturated(scores: ClipScores, choice: FusionChoice) -> FusionChoice:
    if set(choice.weights) != {"rgb", "flow"}:
        return choice
    odds = np.clip(decide(scores, "rgb").score, -500, 500)
    alone = trusted_stream(1 / (1 + np.exp(-odds)))
    if alone is None:
        return choice
    return FusionChoice(choice.name, {alone: 1.0}, f"rgb is saturated: {alone} alone")


def trusted_stream(
    rgb: npt.ArrayLike, *, most: float = _MOST_SATURATED, near: float = _NEAR
) -> str | None:
    """Return which of rgb and flow to use alone, or None to fuse both.

    If more than ``most`` of the rgb stream's probabilities of a slip are nearly 1, only flow is
    used; if more than ``most`` are nearly 0, only rgb (2020 course report, two-stream generation).

    Args:
        rgb: Probabilities of a slip, ``(windows,)`` or ``(clips,)``.
        most: Share of them that may be saturated.
        near: Distance from 0 or 1 that counts as saturated.
    """
    values = np.asarray(rgb, np.float64)
    if values.size == 0:
        return None
    if float((values >= 1 - near).mean()) > most:
        return "flow"
    if float((values <= near).mean()) > most:
        return "rgb"
    return None


def usual_fusions(streams: Collection[str]) -> list[dict[str, float]]:
    """Return the 2020 report's fusions of these streams, or equal weights where it has none."""
    found = [dict(each) for each in _COURSE2020_FUSIONS if set(each) <= set(streams)]
    if not any(set(each) == set(streams) for each in found) and len(streams) > 1:
        found.append(dict.fromkeys(in_order(streams), 1.0))
    return found


def in_order(streams: Collection[str]) -> list[str]:
    """Return rgb, flow, rgbdiff in this order, then all others by name."""
    known = [name for name in MODALITIES if name in streams]
    return known + sorted(set(streams) - set(known))


def fit_weights(logits: Mapping[str, Floats], truth: npt.NDArray[np.int64]) -> FittedWeights:
    """Fit weights to validation clips: least mean log-loss of the weighted sum of logits.

    The sum's scale is free in the fit, since it moves neither accuracy nor AUC, so that a stream
    does not lose weight because its logits are small. The problem is convex; its solution does
    not change when the logits of a stream are scaled, but for the scaling. Weights are equal, and
    the note says why, with fewer than ten clips of a label and where no weights do better.

    Args:
        logits: By stream ``(clips, classes)``.
        truth: Index of the true class of every clip.
    """
    streams = list(logits)
    equal = dict.fromkeys(streams, 1 / len(streams))
    counts = np.bincount(truth, minlength=next(iter(logits.values())).shape[1])
    if counts.min() < FEWEST:
        return FittedWeights(
            equal,
            f"equal weights: validation has {counts.min()} clips of a label, fewer than {FEWEST}",
        )
    units, scales = _standardized([logits[name] for name in streams])
    solution = _solve(units, truth)
    # the same problem along equal weights; a direction of length 1 leaves the ridge what it is
    plain = np.tensordot(scales / np.linalg.norm(scales), units, axes=1)[None]
    best_plain = _log_loss(_solve(plain, truth), plain, truth)[0]
    if best_plain - _log_loss(solution, units, truth)[0] < _LEAST_GAIN:
        return FittedWeights(equal, "equal weights: no others do better on the validation clips")
    raw = solution / scales
    return FittedWeights(dict(zip(streams, (raw / raw.sum()).tolist(), strict=True)))


def _standardized(parts: Sequence[Floats]) -> tuple[_Doubles, _Doubles]:
    """Return logits ``(streams, clips, classes)`` of mean 0 and unit spread, and the spreads."""
    stacked = np.stack(parts).astype(np.float64)
    centered = stacked - stacked.mean(axis=2, keepdims=True)
    scales = np.sqrt(np.square(centered).mean(axis=(1, 2)))
    # a stream that always says the same gets no weight whatever its spread is called
    scales = np.where(scales > 0, scales, 1.0)
    return centered / scales[:, None, None], scales


def _solve(units: _Doubles, truth: npt.NDArray[np.int64]) -> _Doubles:
    start = np.full(len(units), 1 / len(units))
    found = require("scipy.optimize").minimize(
        _log_loss,
        start,
        args=(units, truth),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * len(units),
        options={"ftol": 1e-14, "gtol": 1e-10, "maxiter": 1000},
    )
    solution: _Doubles = found.x
    return solution


def _log_loss(
    weights: _Doubles, units: _Doubles, truth: npt.NDArray[np.int64]
) -> tuple[float, _Doubles]:
    """Return the mean log-loss with a small ridge, and its gradient."""
    fused = np.tensordot(weights, units, axes=1)
    fused -= fused.max(axis=1, keepdims=True)
    log_sums = np.log(np.exp(fused).sum(axis=1))
    index = np.arange(len(truth))
    loss = float((log_sums - fused[index, truth]).mean())
    error = np.exp(fused - log_sums[:, None])
    error[index, truth] -= 1
    gradient = np.tensordot(units, error, axes=([1, 2], [0, 1])) / len(truth)
    ridge = 0.5 * _RIDGE * float(weights @ weights)
    return loss + ridge, gradient + _RIDGE * weights
