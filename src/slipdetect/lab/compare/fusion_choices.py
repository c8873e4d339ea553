"""Which streams and fusions of a backbone are worth a row.

In: a ``StreamSet`` and the user's own weights. Out: ``FusionChoice``s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from slipdetect.lab.compare.fusion_weights import fit_weights, in_order, usual_fusions
from slipdetect.lab.compare.saturation import trusted_stream
from slipdetect.lab.compare.score_runs import StreamSet
from slipdetect.lab.evaluate.judging import judge
from slipdetect.lab.evaluate.scores import ClipScores

Weights = Mapping[str, float]


@dataclass(frozen=True)
class FusionChoice:
    """One stream, or a fusion.

    Attributes:
        name: ``"rgb"``, ``"rgb+flow 1:1.5"``, ``"rgb+flow fitted"``, ...
        weights: By stream.
        note: What is odd about the weights, if anything.
    """

    name: str
    weights: dict[str, float]
    note: str = ""


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
    odds = np.clip(judge(scores, "rgb").surety, -500, 500)
    alone = trusted_stream(1 / (1 + np.exp(-odds)))
    if alone is None:
        return choice
    return FusionChoice(choice.name, {alone: 1.0}, f"rgb is saturated: {alone} alone")
