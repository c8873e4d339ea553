"""How good scores of clips are: metrics with intervals, and what was taken for what.

In: ``ClipScores``. Out: a ``ClipReport`` of one decision, a ``ClipEvaluation`` of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.decisions import Which, decide, reported_decisions
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.metrics import Accuracy, Auc, Measure, Metric, Ratio, measure
from slipdetect.lab.stats.resampling import GroupResampler

RESAMPLES = 1000


@dataclass(frozen=True)
class ClipReport:
    """Metrics of one decision over one set of clips.

    Attributes:
        name: Whose decision: a modality, a fusion, ``"calibrated"``.
        labels: Class names in the order of ``confusion``.
        positive: The label of a slip.
        clips: Number of clips.
        positives: Clips with a slip.
        groups: Groups they belong to.
        metrics: By name, in the order of reports: ``accuracy``; ``mean_class_accuracy``, the mean
            over labels, so that a rare one counts as much; ``auc``, the area under the ROC curve;
            ``average_precision``, of which the share of slips is chance; ``recall`` of slips;
            ``precision`` of slips.
        confusion: ``confusion[i][j]`` clips of label i were called label j.
    """

    name: str
    labels: tuple[str, ...]
    positive: str
    clips: int
    positives: int
    groups: int
    metrics: dict[str, Metric]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ClipEvaluation:
    """A clip test.

    Attributes:
        reports: A modality, a fusion or the calibrated decision each; the last one is the
            model's own decision.
        by_source: The last one by data set, where there are several.
        facts: Model, protocol, data and versions, as the scores keep them.
    """

    reports: tuple[ClipReport, ...]
    by_source: dict[str, ClipReport]
    facts: dict[str, Any]

    @property
    def main(self) -> ClipReport:
        """The model's own decision."""
        return self.reports[-1]


def evaluate_scores(
    scores: ClipScores, weights: Mapping[str, float] | None = None
) -> ClipEvaluation:
    """Report on scores.

    Args:
        scores: Of the clips.
        weights: Fusion by other weights than the model's own.

    Raises:
        DataError: There are no clips.
        UsageError: A weight is for a modality without scores.
    """
    decisions = reported_decisions(scores, weights)
    reports = tuple(clip_report(scores, which) for which in decisions)
    return ClipEvaluation(reports, reports_by_source(scores, decisions[-1]), dict(scores.facts))


def clip_report(
    scores: ClipScores, which: Which, *, resamples: int = RESAMPLES, seed: int = 0
) -> ClipReport:
    """Return the metrics of a modality, of fusion weights, or of the model's own decision.

    Intervals come from resampling whole groups within their labels; where that says nothing they
    are exact, over groups (see ``GroupResampler`` and ``interval``). Average precision has no
    exact one.

    Args:
        scores: Of the clips.
        which: See ``decide``.
        resamples: Of the bootstrap.
        seed: Of its draws.

    Raises:
        DataError: There are no clips.
        UsageError: There are no such scores.
    """
    if not scores.clips:
        raise DataError("there are no clips to report on")
    decision, slip, groups = decide(scores, which), scores.is_positive, scores.groups
    right = (decision.label == scores.truth).astype(np.float64)
    called = (decision.label == scores.labels.index(scores.positive)).astype(np.float64)
    labels = [scores.truth == label for label in np.unique(scores.truth).tolist()]
    measures: dict[str, Measure] = {
        "accuracy": Accuracy(right, labels, groups),
        "mean_class_accuracy": Accuracy(right, labels, groups, by_label=True),
        "auc": Auc(decision.score, slip, groups),
        "average_precision": Auc(decision.score, slip, groups, precision=True),
        "recall": Ratio(called * slip, slip.astype(np.float64), groups),
        "precision": Ratio(called * slip, called, groups),
    }
    classes = len(scores.labels)
    pairs = np.bincount(scores.truth * classes + decision.label, minlength=classes**2)
    return ClipReport(
        name=decision.name,
        labels=scores.labels,
        positive=scores.positive,
        clips=len(scores.clips),
        positives=int(slip.sum()),
        groups=len(set(groups)),
        metrics=measure(measures, GroupResampler(groups, slip, resamples, seed)),
        confusion=tuple(tuple(row) for row in pairs.reshape(classes, classes).tolist()),
    )


def reports_by_source(scores: ClipScores, which: Which) -> dict[str, ClipReport]:
    """Return a report for every data set; empty when all clips are of one."""
    sources = np.asarray(scores.sources, dtype=object)
    names = sorted(set(scores.sources))
    if len(names) < 2:
        return {}
    return {name: clip_report(scores.select(sources == name), which) for name in names}
