"""A clip test as text: tables for a terminal, a page in Markdown, data for JSON.

In: a ``ClipEvaluation``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from slipdetect._text import printable
from slipdetect.lab.evaluate.clip_report import ClipEvaluation, ClipReport
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.text import (
    Page,
    facts_text,
    interval_notes,
    metric_data,
    metric_text,
    scaled,
)

VERSION = 1

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


def clip_page(evaluation: ClipEvaluation) -> Page:
    """Return the metrics, what was taken for what, and the data sets."""
    reports = evaluation.reports
    tables = [
        ("", _metrics(reports[begin : begin + _BESIDE]))
        for begin in range(0, len(reports), _BESIDE)
    ]
    tables.append(("", _confusions(reports)))
    if evaluation.by_source:
        tables.append((f"By data set, {evaluation.main.name}", _sources(evaluation)))
    return Page("Clip test", _subject(evaluation), tables, list(_notes(evaluation)))


def clip_data(evaluation: ClipEvaluation) -> dict[str, Any]:
    """Return everything as plain data; nothing is rounded."""
    return {
        "version": VERSION,
        "facts": evaluation.facts,
        "reports": [report_data(report) for report in evaluation.reports],
        "by_source": {name: report_data(report) for name, report in evaluation.by_source.items()},
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
    for name, report in evaluation.by_source.items():
        counts = [str(report.clips), str(report.positives), str(report.groups)]
        metrics = [_text(report.metrics["accuracy"], 100), _text(report.metrics["auc"], 1)]
        rows.append([printable(name) or "(none)", *counts, *metrics])
    return rows


def _text(metric: Metric, scale: int) -> str:
    return metric_text(metric, scaled(scale, 1 if scale == 100 else 3))


def _notes(evaluation: ClipEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    reports = (*evaluation.reports, *evaluation.by_source.values())
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
