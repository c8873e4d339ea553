"""How good scores of clips are: metrics with intervals, and what was taken for what.

In: ``ClipScores``. Out: a ``ClipReport`` of one decision, a ``ClipEvaluation`` of all of them; as
tables, data for JSON and a picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from slipdetect._text import printable, shorten
from slipdetect.errors import DataError
from slipdetect.lab import require
from slipdetect.lab.evaluate.decisions import Which, decide, reported_decisions
from slipdetect.lab.evaluate.scores import ClipScores
from slipdetect.lab.stats.metrics import Accuracy, Auc, Measure, Metric, Ratio, measure
from slipdetect.lab.stats.resampling import GroupResampler
from slipdetect.lab.stats.text import (
    Page,
    facts_text,
    interval_notes,
    metric_data,
    metric_text,
    scaled,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESAMPLES = 1000
VERSION = 2

_EXACT = (
    "* all is right or wrong, or a label has fewer than 5 groups or few with most of its clips, so "
    "that drawing says nothing: 95% interval of Clopper and Pearson, a group taken for one trial."
)
_BESIDE = 2  # decisions in a table of 100 columns
_ROWS = {
    "accuracy": ("accuracy, %", 100),
    "mean_class_accuracy": ("mean-class accuracy, %", 100),
    "auc": ("area under ROC", 1),
    "average_precision": ("average precision", 1),
    "recall": ("recall of {}, %", 100),
    "precision": ("precision of {}, %", 100),
}
_LONGEST_LABEL = 20
_SIDE = 1.5  # inches of a square of the picture


@dataclass(frozen=True)
class ClipReport:
    """Metrics of one decision over one set of clips."""

    name: str  # whose decision: a modality, a fusion, ``"calibrated"``
    labels: tuple[str, ...]  # class names in the order of ``confusion``
    positive: str  # the label of a slip
    clips: int  # number of clips
    positives: int  # clips with a slip
    groups: int  # groups they belong to
    # by name, in the order of reports: ``accuracy``; ``mean_class_accuracy``, the mean over labels,
    # so that a rare one counts as much; ``auc``, the area under the ROC curve;
    # ``average_precision``, of which the share of slips is chance; ``recall`` of slips;
    # ``precision`` of slips
    metrics: dict[str, Metric]
    # ``confusion[i][j]`` clips of label i were called label j
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class ClipEvaluation:
    """A clip test."""

    # a modality, a fusion or the calibrated decision each; the last one is the model's own decision
    reports: tuple[ClipReport, ...]
    by_dataset: dict[str, ClipReport]  # the last one by data set, where there are several
    facts: dict[str, Any]  # model, protocol, data and versions, as the scores keep them

    @property
    def main(self) -> ClipReport:
        """The model's own decision."""
        return self.reports[-1]


def evaluate_scores(
    scores: ClipScores, weights: Mapping[str, float] | None = None
) -> ClipEvaluation:
    """Report on scores.

    Raises:
        DataError: There are no clips.
        UsageError: A weight is for a modality without scores.
    """
    decisions = reported_decisions(scores, weights)
    reports = tuple(clip_report(scores, which) for which in decisions)
    return ClipEvaluation(reports, reports_by_dataset(scores, decisions[-1]), dict(scores.facts))


def clip_report(
    scores: ClipScores, which: Which, *, resamples: int = RESAMPLES, seed: int = 0
) -> ClipReport:
    """Return the metrics of a modality, of fusion weights, or of the model's own decision.

    Intervals come from resampling whole groups within their labels; where that says nothing they
    are exact, over groups (see ``GroupResampler`` and ``interval``). Average precision has no
    exact one. ``which`` is as for ``decide``.

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


def reports_by_dataset(scores: ClipScores, which: Which) -> dict[str, ClipReport]:
    """Return a report for every data set; empty when all clips are of one."""
    datasets = np.asarray(scores.datasets, dtype=object)
    names = sorted(set(scores.datasets))
    if len(names) < 2:
        return {}
    return {name: clip_report(scores.select(datasets == name), which) for name in names}


def clip_page(evaluation: ClipEvaluation) -> Page:
    """Return the metrics, what was taken for what, and the data sets."""
    reports = evaluation.reports
    tables = [
        ("", _metrics(reports[begin : begin + _BESIDE]))
        for begin in range(0, len(reports), _BESIDE)
    ]
    tables.append(("", _confusions(reports)))
    if evaluation.by_dataset:
        tables.append((f"By data set, {evaluation.main.name}", _sources(evaluation)))
    return Page("Clip test", _subject(evaluation), tables, list(_notes(evaluation)))


def clip_data(evaluation: ClipEvaluation) -> dict[str, Any]:
    """Return everything as plain data; nothing is rounded."""
    return {
        "version": VERSION,
        "facts": evaluation.facts,
        "reports": [report_data(report) for report in evaluation.reports],
        "by_dataset": {name: report_data(report) for name, report in evaluation.by_dataset.items()},
    }


def report_data(report: ClipReport) -> dict[str, Any]:
    """Return one report as plain data."""
    return {
        "name": report.name,
        "labels": list(report.labels),
        "positive": report.positive,
        "clips": report.clips,
        "positives": report.positives,
        "groups": report.groups,
        "figures": {
            name: {**metric_data(metric), "count": _clips(metric)}
            for name, metric in report.metrics.items()
        },
        "confusion": [list(row) for row in report.confusion],
    }


def _clips(metric: Metric) -> int:
    """Return the clips that a metric is a share of, or rests on."""
    return int(metric.count if metric.base is None else metric.base)


def _subject(evaluation: ClipEvaluation) -> str:
    main = evaluation.main
    named = facts_text(evaluation.facts, ("data", "split", "model", "protocol"))
    most = max(sum(row) for row in main.confusion) / main.clips
    counts = (
        f"{main.clips} clips, {main.positives} of them {printable(main.positive)}, of "
        f"{main.groups} groups; always the more frequent label: {100 * most:.1f}%"
    )
    return f"{named}: {counts}" if named else counts


def _metrics(reports: Sequence[ClipReport]) -> list[list[str]]:
    """Return a row a metric and two columns a decision, headings first."""
    positive = printable(reports[0].positive)
    rows = [["", *(cell for report in reports for cell in (report.name, "n"))]]
    for name, (title, scale) in _ROWS.items():
        metrics = [report.metrics[name] for report in reports]
        cells = [(_text(metric, scale), str(_clips(metric))) for metric in metrics]
        rows.append([title.format(positive), *(cell for pair in cells for cell in pair)])
    return rows


def _confusions(reports: Sequence[ClipReport]) -> list[list[str]]:
    """Return a row for each decision and true label, a column for each predicted label."""
    labels = [printable(label) for label in reports[0].labels]
    rows = [["decided by", "true label", *(f"predicted {label}" for label in labels)]]
    for report in reports:
        for index, (label, counts) in enumerate(zip(labels, report.confusion, strict=True)):
            rows.append([report.name if index == 0 else "", label, *map(str, counts)])
    return rows


def _sources(evaluation: ClipEvaluation) -> list[list[str]]:
    positive = printable(evaluation.main.positive)
    rows = [["data set", "clips", positive, "groups", "accuracy, %", "area under ROC"]]
    for name, report in evaluation.by_dataset.items():
        counts = [str(report.clips), str(report.positives), str(report.groups)]
        metrics = [_text(report.metrics["accuracy"], 100), _text(report.metrics["auc"], 1)]
        rows.append([printable(name) or "(none)", *counts, *metrics])
    return rows


def _text(metric: Metric, scale: int) -> str:
    return metric_text(metric, scaled(scale, 1 if scale == 100 else 3))


def _notes(evaluation: ClipEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    reports = (*evaluation.reports, *evaluation.by_dataset.values())
    metrics = [metric for report in reports for metric in report.metrics.values()]
    yield from interval_notes(metrics, _EXACT)
    yield "n: clips that a number is a share of, or rests on."
    if evaluation.facts.get("protocol") == "windows":
        yield "windows: a clip is judged by its window with the highest probability of a slip."
    if evaluation.main.name == "calibrated":
        yield (
            "calibrated: all streams fused as the model says, with its temperature and bias; what "
            "detection calls a probability of one half or more."
        )


def confusion_figure(report: ClipReport, title: str = "") -> Figure:
    """Return what was taken for what as a picture; shares are of the true label."""
    from slipdetect.lab.stats.plot import new_figure

    counts = np.array(report.confusion)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    names = [shorten(printable(label), _LONGEST_LABEL) for label in report.labels]
    side = 2.2 + _SIDE * len(names)
    figure = new_figure(side, side - 0.4)
    axes = figure.add_subplot()
    display = require("sklearn.metrics").ConfusionMatrixDisplay(shares, display_labels=names)
    limits = {"vmin": 0, "vmax": 1}
    display.plot(ax=axes, cmap="Blues", colorbar=False, im_kw=limits)
    for place, text in np.ndenumerate(display.text_):
        share = f"\n{100 * shares[place]:.1f}%" if totals[place[0], 0] else ""
        text.set(text=f"{counts[place]}{share}", fontsize="large")
    rows = zip(names, totals[:, 0], strict=True)
    axes.set_yticklabels([f"{name}\n{total} clips" for name, total in rows])
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(title, fontsize="medium")
    return figure
