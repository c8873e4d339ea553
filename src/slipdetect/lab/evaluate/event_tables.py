"""An event test as text: tables for a terminal, a page in Markdown, data for JSON.

In: an ``EventEvaluation``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipdetect._text import printable
from slipdetect.lab.evaluate.event_report import ActionRow, EventEvaluation, EventReport
from slipdetect.lab.stats.metrics import Metric
from slipdetect.lab.stats.text import (
    Page,
    facts_text,
    interval_notes,
    metric_data,
    metric_text,
)

VERSION = 2

# name of a metric: its title, its kind
_ROWS = {
    "recall": ("falls found, within 0.5 s, %", "share"),
    "false_per_hour": ("false events an hour without a fall", "hours"),
    "false_per_clip": ("false events a clip without a fall", "clips"),
    "stray_per_hour": ("false events an hour beside a fall", "hours"),
    "clip_recall": ("clips with a fall and any event, %", "share"),
    "auc": ("area under ROC of clips", "area"),
    "average_precision": ("average precision of clips", "area"),
}
_TIMES = {"onset_error": "onset error, s", "delay": "delay, s"}
_OVERLAPS = ("0.1", "0.3", "0.5")


def event_page(evaluation: EventEvaluation) -> Page:
    """Return the tables of all clips, then of data sets, sizes and actions."""
    tables = [
        ("", _metrics(evaluation.main)),
        ("Found and true events paired by overlap", _overlaps(evaluation.main)),
        ("Times of the falls found", _times(evaluation.main)),
    ]
    if evaluation.by_dataset:
        tables.append(("By data set", _parts(evaluation.by_dataset, "data set")))
    if evaluation.by_size:
        title = "By size of what moves, of the picture's height"
        tables.append((title, _parts(evaluation.by_size, "size")))
    if evaluation.by_action:
        tables.append(("False events by action, in clips without a fall", _actions(evaluation)))
    if evaluation.by_class:
        title = "Events by what is marked as a fall, or as only looking like one"
        tables.append((title, _classes(evaluation)))
    return Page("Event test", _subject(evaluation), tables, list(_notes(evaluation)))


def event_data(evaluation: EventEvaluation) -> dict[str, Any]:
    """Return everything as plain data, not rounded; what the clips cannot tell is null."""
    return {
        "version": VERSION,
        "level": "event",
        "facts": evaluation.facts,
        "report": _report_data(evaluation.main),
        "by_dataset": {name: _report_data(each) for name, each in evaluation.by_dataset.items()},
        "by_size": {name: _report_data(each) for name, each in evaluation.by_size.items()},
        "by_action": [_action_data(row) for row in evaluation.by_action],
        "by_class": [
            {"class": row.name, "fall": row.fall, "with_event": _metric_data(row.hit)}
            for row in evaluation.by_class
        ],
    }


def _report_data(report: EventReport) -> dict[str, Any]:
    return {
        "clips": report.clips,
        "positives": report.positives,
        "untimed": report.untimed,
        "groups": report.groups,
        "events": report.events,
        "negative_hours": report.negative_hours,
        "figures": {name: _metric_data(each) for name, each in report.metrics.items()},
    }


def _action_data(row: ActionRow) -> dict[str, Any]:
    return {
        "dataset": row.dataset,
        "action": row.action,
        "clips": row.clips,
        "groups": row.groups,
        "clips_hit": row.clips_hit,
        "false_per_clip": _metric_data(row.rate),
    }


def _metric_data(metric: Metric) -> dict[str, Any]:
    return {**metric_data(metric), "count": int(metric.count), "base": metric.base}


def _subject(evaluation: EventEvaluation) -> str:
    main, facts = evaluation.main, evaluation.facts
    thresholds = facts.get("thresholds") or {}
    named = [facts_text(facts, ("data", "split", "model", "predictions", "view"))]
    named += [f"{name} {thresholds[name]:g}" for name in ("onset", "offset") if name in thresholds]
    untimed = f" ({main.untimed} of them at an unknown time)" if main.untimed else ""
    counts = (
        f"{main.clips} clips of {main.groups} groups, {main.positives} with a fall{untimed}, "
        f"{main.events} falls with times; {_hours(main.negative_hours)} without a fall"
    )
    of = ", ".join(filter(None, named))
    return f"{of}: {counts}" if of else counts


def _metrics(report: EventReport) -> list[list[str]]:
    rows = [["", "value [95%] ", "n"]]
    for name, (title, kind) in _ROWS.items():
        rows.append([title, *_cells(report.metrics[name], kind)])
    return rows


def _overlaps(report: EventReport) -> list[list[str]]:
    rows = [["tIoU", "recall, % ", "n", "precision, % ", "n", "F1, % "]]
    for least in _OVERLAPS:
        recall, precision, f1 = (
            _cells(report.metrics[f"{name}@{least}"], "share")
            for name in ("recall", "precision", "f1")
        )
        rows.append([least, *recall, *precision, f1[0]])
    return rows


def _times(report: EventReport) -> list[list[str]]:
    rows = [["", "1st quartile ", "median ", "3rd quartile ", "n"]]
    for name, title in _TIMES.items():
        cells = [_cells(report.metrics[name + each], "time") for each in ("_lower", "", "_upper")]
        rows.append([title, *(text for text, _ in cells), cells[1][1]])
    return rows


def _parts(reports: dict[str, EventReport], title: str) -> list[list[str]]:
    rows = [[title, "found, % ", "n", "false a clip ", "n", "ROC area "]]
    for name, report in reports.items():
        recall, rate = report.metrics["recall"], report.metrics["false_per_clip"]
        area = _cells(report.metrics["auc"], "area")[0]
        cells = [*_cells(recall, "share"), *_cells(rate, "clips"), area]
        rows.append([printable(name) or "(none)", *cells])
    return rows


def _actions(evaluation: EventEvaluation) -> list[list[str]]:
    datasets = len({row.dataset for row in evaluation.by_action}) > 1
    rows = [["action", "clips", "groups", "with any", "false a clip ", "n"]]
    for row in evaluation.by_action:
        name = f"{row.dataset}: {row.action}" if datasets else row.action
        cells = [str(row.clips), str(row.groups), str(row.clips_hit), *_cells(row.rate, "clips")]
        rows.append([printable(name) or "(none)", *cells])
    return rows


def _classes(evaluation: EventEvaluation) -> list[list[str]]:
    rows = [["class", "fall", "with an event, % ", "n"]]
    for row in evaluation.by_class:
        name = printable(row.name) or "(none)"
        rows.append([name, "yes" if row.fall else "no", *_cells(row.hit, "share")])
    return rows


def _cells(metric: Metric, kind: str) -> tuple[str, str]:
    """Return a metric with its interval, and what it was counted of."""
    return metric_text(metric, lambda value: _number(value, kind)), _count(metric, kind)


def _number(value: float, kind: str) -> str:
    if kind == "share":
        return f"{100 * value:.1f}"
    if kind == "area":
        return f"{value:.3f}"
    if kind == "time":
        return f"{value:+.2f}"
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _count(metric: Metric, kind: str) -> str:
    if metric.base is None:
        return f"{metric.count:g}"
    if kind == "hours":
        return f"{metric.count:g} in {_hours(metric.base)}"
    return f"{metric.count:g} {'of' if kind == 'share' else 'in'} {metric.base:g}"


def _hours(hours: float) -> str:
    return f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"


def _notes(evaluation: EventEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    main = evaluation.main
    reports = (main, *evaluation.by_dataset.values(), *evaluation.by_size.values())
    metrics: list[Metric] = [each for report in reports for each in report.metrics.values()]
    metrics += [row.rate for row in evaluation.by_action]
    yield from interval_notes([*metrics, *(row.hit for row in evaluation.by_class)])
    yield (
        "tIoU: what a found and a true event have in common, by what they span together. The "
        "found event with the highest score chooses first."
    )
    yield (
        "delay: from a fall's beginning until the end of the first window that reaches the onset "
        "threshold. beside a fall: in clips with one, further than 0.5 s from it."
    )
    if main.untimed:
        yield (
            f"{main.untimed} clips with a fall have no event times: they count where whole clips "
            "are judged, and nowhere else."
        )
    if main.metrics["delay"].value is None and main.metrics["onset_error"].value is not None:
        yield "There is no delay: these predictions were kept without windows or thresholds."
