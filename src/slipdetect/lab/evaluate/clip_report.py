"""How good scores of clips are: figures with intervals, and what was taken for what.

In: ``ClipScores`` and which of their streams or fusions. Out: ``ClipReport``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.evaluate.judging import Which, judge
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.intervals import Interval, interval, widened
from slipdetect.lab.stats.measures import Area
from slipdetect.lab.stats.resampling import GroupResampler, effective_groups
from slipdetect.lab.stats.weighted_metrics import Flags, Floats, share

RESAMPLES = 1000


@dataclass(frozen=True)
class Figure:
    """One measure of quality, 0 to 1.

    Attributes:
        value: None where the clips cannot tell, such as recall without slips.
        count: Clips that it is a share of or rests on.
        interval: 95%; None where there is no value or no method for one.
    """

    value: float | None
    count: int
    interval: Interval | None


@dataclass(frozen=True)
class ClipReport:
    """Figures of one judgment over one set of clips.

    Attributes:
        name: Whose judgment: a modality, a fusion, ``"calibrated"``.
        labels: Class names in the order of ``confusion``.
        positive: The label of a slip.
        clips: Number of clips.
        positives: Clips with a slip.
        groups: Groups they belong to.
        accuracy: Share of clips given their true label.
        mean_class_accuracy: Mean over labels of that share, so that a rare label counts as much.
        auc: Area under the ROC curve of the surety: 0.5 is chance, whatever the threshold.
        average_precision: Area under the precision-recall curve; chance is the share of slips.
        recall: Share of slips that were called one.
        precision: Share of clips called a slip that are one.
        confusion: ``confusion[i][j]`` clips of label i were called label j.
    """

    name: str
    labels: tuple[str, ...]
    positive: str
    clips: int
    positives: int
    groups: int
    accuracy: Figure
    mean_class_accuracy: Figure
    auc: Figure
    average_precision: Figure
    recall: Figure
    precision: Figure
    confusion: tuple[tuple[int, ...], ...]

    @property
    def figures(self) -> dict[str, Figure]:
        """The figures by name, in the order of reports."""
        return {
            "accuracy": self.accuracy,
            "mean_class_accuracy": self.mean_class_accuracy,
            "auc": self.auc,
            "average_precision": self.average_precision,
            "recall": self.recall,
            "precision": self.precision,
        }


def clip_report(
    scores: ClipScores, which: Which, *, resamples: int = RESAMPLES, seed: int = 0
) -> ClipReport:
    """Return the figures of a modality, of fusion weights, or of the model's own decision.

    Intervals come from resampling whole groups within their labels; where that says nothing they
    are exact, over groups (see ``GroupResampler`` and ``interval``). Average precision has no
    exact one.

    Args:
        scores: Of the clips.
        which: See ``judge``.
        resamples: Of the bootstrap.
        seed: Of its draws.

    Raises:
        DataError: There are no clips.
        UsageError: There are no such scores.
    """
    if not scores.clips:
        raise DataError("there are no clips to report on")
    judgment = judge(scores, which)
    bench = _Bench(scores, judgment.said, judgment.surety)
    drawn = bench.resampled(GroupResampler(scores.groups, bench.slip, resamples, seed))
    figures = {name: bench.figure(name, drawn[name]) for name in drawn}
    classes = len(scores.labels)
    pairs = np.bincount(scores.truth * classes + judgment.said, minlength=classes**2)
    return ClipReport(
        name=judgment.name,
        labels=scores.labels,
        positive=scores.positive,
        clips=len(scores.clips),
        positives=int(bench.slip.sum()),
        groups=len(set(scores.groups)),
        **figures,
        confusion=tuple(tuple(row) for row in pairs.reshape(classes, classes).tolist()),
    )


def reports_by_source(scores: ClipScores, which: Which) -> dict[str, ClipReport]:
    """Return a report for every data set; empty when all clips are of one."""
    sources = np.asarray(scores.sources, dtype=object)
    names = sorted(set(scores.sources))
    if len(names) < 2:
        return {}
    return {name: clip_report(scores.select(sources == name), which) for name in names}


class _Bench:
    """Everything that the figures of one judgment are computed from."""

    def __init__(
        self, scores: ClipScores, said: npt.NDArray[np.int64], surety: npt.NDArray[np.float64]
    ) -> None:
        self.slip = scores.is_positive
        self._groups = scores.groups
        self._right: Flags = said == scores.truth
        self._called: Flags = said == scores.labels.index(scores.positive)
        self._all = np.ones_like(self.slip)
        self._classes = [scores.truth == label for label in np.unique(scores.truth).tolist()]
        self._areas = {
            "auc": Area(surety, self.slip, scores.groups),
            "average_precision": Area(surety, self.slip, scores.groups, precision=True),
        }

    def resampled(self, resampler: GroupResampler) -> dict[str, Floats]:
        """Return the figures of the clips as they are, then of every resample."""
        parts = [self._figures(weights) for weights in resampler.with_all()]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def figure(self, name: str, values: Floats) -> Figure:
        """Return a figure from its value and those of the resamples behind it."""
        count = self._count(name)
        if name in self._areas:
            area = self._areas[name].figure(values)
            return Figure(area.value, count, area.interval)
        if np.isnan(values[0]):
            return Figure(None, count, None)
        value = float(values[0])
        found = widened(
            interval(value, values[1:], *self._evidence(name)), value, self._parts(name)
        )
        return Figure(value, count, found)

    def _figures(self, weights: Floats) -> dict[str, Floats]:
        by_class = np.stack([share(weights, self._right, each) for each in self._classes])
        return {
            "accuracy": share(weights, self._right, self._all),
            "mean_class_accuracy": np.nanmean(by_class, axis=0),
            **{name: area.values(weights) for name, area in self._areas.items()},
            "recall": share(weights, self._called, self.slip),
            "precision": share(weights, self.slip, self._called),
        }

    def _count(self, name: str) -> int:
        among = {"recall": self.slip, "precision": self._called}.get(name, self._all)
        return int(among.sum())

    def _parts(self, name: str) -> list[tuple[float, float, float]]:
        """Return weight, share right and groups of every label that a mean is made of."""
        weights = {
            "accuracy": [float(each.mean()) for each in self._classes],
            "mean_class_accuracy": [1 / len(self._classes)] * len(self._classes),
        }.get(name, [])
        return [
            (weight, float(self._right[each].mean()), effective_groups(self._groups, each))
            for weight, each in zip(weights, self._classes, strict=False)
        ]

    def _evidence(self, name: str) -> tuple[float, float]:
        """Return the effective groups that a figure rests on and the trials in them."""
        if name in ("recall", "precision"):
            groups = effective_groups(self._groups, self.slip if name == "recall" else self._called)
            return groups, groups
        fewest = min(effective_groups(self._groups, each) for each in self._classes)
        if name == "accuracy":
            return fewest, effective_groups(self._groups, self._all)
        return fewest, fewest
