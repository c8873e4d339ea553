"""Backbones, modalities and fusions side by side, on the same clips.

In: ``StreamSet``s. Out: a ``Comparison``: a row per way of scoring, tested against one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from slipdetect.errors import UsageError
from slipdetect.lab.compare.fusions import Weights, fusion_choices, fusion_name
from slipdetect.lab.compare.runs import StreamSet
from slipdetect.lab.evaluate.clip_report import ClipReport, clip_report
from slipdetect.lab.evaluate.decisions import Decision, decide
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.paired import PairedAuc, holm, mcnemar

RESAMPLES = 2000


@dataclass(frozen=True)
class Versus:
    """A row against the reference row, on the same clips."""

    gained: int  # clips that only this row gets right
    lost: int  # clips that only the reference gets right
    p_value: float  # exact McNemar test of the two accuracies
    corrected: float  # the same, corrected by Holm for the number of rows
    auc: Metric | None  # AUC of this row less the reference's; None with clips of one label


@dataclass(frozen=True)
class Row:
    """One way of scoring clips."""

    group: str  # backbone or run
    streams: str  # ``"rgb"``, ``"rgb+flow 1:1.5"``, ``"rgb+flow fitted"``, ...
    weights: dict[str, float]  # by stream; the logits' weighted mean is judged
    note: str  # what is odd about the weights, if anything
    test: ClipReport  # figures on the test clips
    validation: ClipReport | None  # figures on the validation clips
    versus: Versus | None = None  # against the reference; None for the reference itself

    @property
    def name(self) -> str:
        """Group and streams, by which a row is called."""
        return f"{self.group} {self.streams}"


@dataclass(frozen=True)
class Comparison:
    """Rows over the same clips."""

    rows: tuple[Row, ...]  # set by set, single streams first
    reference: int  # index of the row that all others are tested against
    chosen_by: str  # how it was chosen: ``"validation"``, ``"name"`` or ``"order"``
    majority: float  # accuracy of always saying the more frequent label
    resamples: int  # of the bootstrap
    notes: tuple[str, ...]  # what a reader should know, a sentence each


def compare(
    sets: Sequence[StreamSet],
    *,
    own: Sequence[Weights] = (),
    against: str | None = None,
    saturated_fallback: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """Judge every stream and fusion of every set on the test clips.

    Weights are fitted, and the reference is chosen, on validation clips only; without them there
    are no fitted weights and the first row is the reference. The best of validation has the
    largest mean-class accuracy, then the largest AUC, then the fewest streams.

    Args:
        sets: Streams on the same clips, see ``join_runs``.
        own: More fusions, as weights by stream.
        against: Name of the reference row; None: see above.
        saturated_fallback: Use one stream alone where rgb is saturated, see ``trusted_stream``.
        resamples: Of the bootstrap; ``seed`` is that of its draws.

    Raises:
        UsageError: No row has the name ``against``, or no set has the streams of ``own``.
    """
    notes: list[str] = []
    rows: list[Row] = []
    judged: list[Decision] = []
    for each in sets:
        for choice in fusion_choices(each, own, saturated_fallback=saturated_fallback):
            weights = choice.weights
            test = clip_report(each.test, weights, resamples=resamples, seed=seed)
            known = each.validation
            checked = None if known is None else clip_report(known, weights, resamples=resamples)
            rows.append(Row(each.name, choice.name, weights, choice.note, test, checked))
            judged.append(decide(each.test, weights))
    _require_use(own, rows)
    reference, chosen_by = _reference(rows, against, notes)
    tested = _tested(rows, judged, reference, sets[0].test, resamples, seed)
    notes += _cautions(sets)
    share = float(np.bincount(sets[0].test.truth).max() / len(sets[0].test.truth))
    return Comparison(tuple(tested), reference, chosen_by, share, resamples, tuple(notes))


def _require_use(own: Sequence[Weights], rows: Sequence[Row]) -> None:
    there = {row.streams for row in rows}
    for weights in own:
        name = fusion_name(weights)
        if name not in there:
            raise UsageError(f"no run has all streams of the weights {name}; check --weights")


def _reference(rows: Sequence[Row], against: str | None, notes: list[str]) -> tuple[int, str]:
    if against is not None:
        wanted = [i for i, row in enumerate(rows) if against in (row.name, row.streams)]
        if len(wanted) != 1:
            listed = ", ".join(repr(row.name) for row in rows)
            what = "several rows" if wanted else "no row"
            raise UsageError(f"{what} called {against!r}; choose from {listed}")
        return wanted[0], "name"
    if any(row.validation is None for row in rows):
        notes.append("the first row is the reference, since not all runs have validation scores")
        return 0, "order"
    return max(range(len(rows)), key=lambda i: (*_merit(rows[i]), -i)), "validation"


def _merit(row: Row) -> tuple[float, float, int]:
    metrics: dict[str, Any] = {} if row.validation is None else row.validation.metrics
    auc = metrics["auc"].value
    return (
        metrics["mean_class_accuracy"].value,
        0.5 if auc is None else auc,
        -sum(weight > 0 for weight in row.weights.values()),
    )


def _tested(
    rows: Sequence[Row],
    judged: Sequence[Decision],
    reference: int,
    scores: ClipScores,
    resamples: int,
    seed: int,
) -> list[Row]:
    paired = PairedAuc(scores.is_positive, scores.groups, resamples, seed)
    right = [judgment.label == scores.truth for judgment in judged]
    others = [i for i in range(len(rows)) if i != reference]
    gained = [int((right[i] & ~right[reference]).sum()) for i in others]
    lost = [int((right[reference] & ~right[i]).sum()) for i in others]
    p_values = [mcnemar(*pair) for pair in zip(gained, lost, strict=True)]
    done = list(rows)
    for at, (i, corrected) in enumerate(zip(others, holm(p_values), strict=True)):
        auc = paired.difference(judged[i].score, judged[reference].score)
        versus = Versus(gained[at], lost[at], p_values[at], corrected, auc)
        done[i] = replace(rows[i], versus=versus)
    return done


def _cautions(sets: Sequence[StreamSet]) -> list[str]:
    first = sets[0].test
    found = []
    if len(set(first.groups)) < len(first.clips):
        found.append(
            f"{len(first.clips)} clips are of {len(set(first.groups))} groups; McNemar's test "
            "takes clips for independent, the intervals do not"
        )
    unfitted = [s.name for s in sets if s.validation is None and len(s.test.logits) > 1]
    if unfitted:
        found.append(f"no fitted weights without validation scores: {', '.join(unfitted)}")
    validating = {g for each in sets if each.validation is not None for g in each.validation.groups}
    shared = validating & set(first.groups)
    if shared:
        found.append(f"{len(shared)} groups are in validation and in test; figures may flatter")
    protocols = {protocol for each in sets for protocol in each.protocols}
    if len(protocols) > 1:
        found.append(f"runs were scored by different protocols: {', '.join(sorted(protocols))}")
    return found
