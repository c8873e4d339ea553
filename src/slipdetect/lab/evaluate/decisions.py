"""What one stream, a fusion or the whole model decides of every clip: a score and a label.

In: ``ClipScores``. Out: ``Decision``s: a score that rises with a slip, and a label.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.models.fusion import LateFusion, class_log_odds
from slipdetect.types import Calibration

CALIBRATED = "calibrated"
FUSED = "fused"

Which = str | Mapping[str, float]


@dataclass(frozen=True)
class Decision:
    """What was decided of a set of clips."""

    name: str  # a modality, a fusion with its weights, or ``"calibrated"``
    score: npt.NDArray[np.float64]  # ``(clips,)`` float64, log-odds of a slip
    label: npt.NDArray[np.int64]  # ``(clips,)`` int64, index of the label chosen


def decide(scores: ClipScores, which: Which) -> Decision:
    """Return what is decided of every clip.

    ``which`` is a modality; fusion weights by modality (modalities without one take no part);
    ``"fused"`` for the model's own weights; or ``"calibrated"`` for what the model decides at a
    probability of one half: its own fusion with its temperature and bias.

    Raises:
        UsageError: There is no such modality, or the scores do not know their model's fusion.
    """
    if isinstance(which, Mapping):
        return _fused(scores, LateFusion(which))
    if which in (FUSED, CALIBRATED):
        fused = _fused(scores, _own_fusion(scores))
        return fused if which == FUSED else _calibrated(scores, fused)
    check_known([which], scores.logits)
    return _from_logits(which, torch.from_numpy(scores.logits[which]), scores)


def reported_decisions(
    scores: ClipScores, weights: Mapping[str, float] | None = None
) -> list[Which]:
    """Return what has a column in a table; the last one is the model's own decision.

    Every modality; the fusion by ``weights`` or, with several modalities, the model's own; and the
    calibrated decision where it differs from that and no other weights were asked for.
    """
    found: list[Which] = list(scores.logits)
    if weights is not None:
        return [*found, dict(weights)]
    if "fusion" not in scores.facts:
        return found
    if len(found) > 1:
        found.append(FUSED)
    return found if _calibration(scores).neutral else [*found, CALIBRATED]


def _from_logits(name: str, logits: torch.Tensor, scores: ClipScores) -> Decision:
    """Decide by logits ``(clips, classes)``: log-odds do not saturate."""
    odds = class_log_odds(logits, scores.labels.index(scores.positive))
    return Decision(name, odds.numpy(), logits.argmax(dim=1).numpy())


def _fused(scores: ClipScores, fusion: LateFusion) -> Decision:
    weights = {name: weight for name, weight in fusion.weights.items() if weight > 0}
    check_known(weights, scores.logits)
    streams = {
        name: torch.from_numpy(x) for name, x in scores.logits.items() if name in fusion.weights
    }
    described = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
    return _from_logits(described, fusion.logits(streams), scores)


def _calibrated(scores: ClipScores, fused: Decision) -> Decision:
    """Apply the model's temperature and bias to the log-odds, as detection does."""
    odds = _calibration(scores).odds(fused.score)
    positive = scores.labels.index(scores.positive)
    other = next(index for index in range(len(scores.labels)) if index != positive)
    without = np.where(fused.label == positive, other, fused.label)
    return Decision(CALIBRATED, odds, np.where(odds >= 0, positive, without))


def check_known(modalities: Iterable[str], known: Iterable[str]) -> None:
    """Refuse modalities that there are no scores of.

    Raises:
        UsageError: Naming the first of them.
    """
    listed = list(known)
    for modality in modalities:
        if modality not in listed:
            raise UsageError(f"there are no scores of {modality!r}, only of {', '.join(listed)}")


def _own_fusion(scores: ClipScores) -> LateFusion:
    facts, tempered = scores.facts.get("fusion"), scores.facts.get("calibration")
    streams = tempered.get("streams") if isinstance(tempered, Mapping) else None
    try:
        weights = {str(name): float(weight) for name, weight in facts["weights"].items()}  # type: ignore[index]
        temperatures = {str(name): float(value) for name, value in (streams or {}).items()}
        return LateFusion(weights, str(facts["space"]), temperatures=temperatures)  # type: ignore[index]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise UsageError(
            "these scores do not say how their streams are fused; give the weights"
        ) from error


def _calibration(scores: ClipScores) -> Calibration:
    facts = scores.facts.get("calibration")
    try:
        return Calibration(float(facts["temperature"]), float(facts["bias"]))  # type: ignore[index]
    except (TypeError, KeyError, ValueError, UsageError):
        return Calibration()
