"""An event test as text: tables for a terminal, a page in Markdown.

In: an ``EventEvaluation``. Out: text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from slipdetect._text import printable
from slipdetect.lab.evaluate.reports.event_notes import event_notes
from slipdetect.lab.evaluate.reports.figure_text import figure_text
from slipdetect.reports.text_columns import aligned, escaped, marked, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.event_evaluation import EventEvaluation
    from slipdetect.lab.evaluate.event_report import EventReport
    from slipdetect.lab.stats.measures import Figure

_LONGEST_ACTION = 40

# name of a figure: its title, its kind
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


def event_test_table(evaluation: EventEvaluation) -> str:
    """Return tables for a terminal: all clips, then data sets, sizes and actions."""
    lines = [*wrapped(_subject(evaluation)), ""]
    for title, rows in _tables(evaluation, _LONGEST_ACTION):
        lines += [*([title] if title else []), *aligned(rows), ""]
    lines += [line for note in event_notes(evaluation) for line in wrapped(note)]
    return "\n".join(lines) + "\n"


def event_markdown(evaluation: EventEvaluation) -> str:
    """Return the same as a page in Markdown."""
    lines = ["# Event test", "", escaped(_subject(evaluation)), ""]
    for title, rows in _tables(evaluation, 10_000):
        cells = [[escaped(cell) for cell in row] for row in rows]
        lines += [*([f"## {title.rstrip(':')}", ""] if title else [])]
        lines += [*marked(cells[0], cells[1:]), ""]
    lines += [f"- {escaped(note)}" for note in event_notes(evaluation)]
    return "\n".join(lines) + "\n"


def _tables(
    evaluation: EventEvaluation, longest: int
) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    yield "", _figures(evaluation.main)
    yield "Found and true events paired by overlap:", _overlaps(evaluation.main)
    yield "Times of the falls found:", _times(evaluation.main)
    if evaluation.by_source:
        yield "By data set:", _parts(evaluation.by_source, "data set")
    if evaluation.by_size:
        yield "By size of what moves, of the picture's height:", _parts(evaluation.by_size, "size")
    if evaluation.by_action:
        yield "False events by action, in clips without a fall:", _actions(evaluation, longest)


def _subject(evaluation: EventEvaluation) -> str:
    main, facts = evaluation.main, evaluation.facts
    named = [
        (f"{name} " if name != "data" else "") + printable(str(facts[name]))
        for name in ("data", "split", "model", "predictions")
        if facts.get(name)
    ]
    thresholds = facts.get("thresholds") or {}
    named += [f"{name} {thresholds[name]:g}" for name in ("onset", "offset") if name in thresholds]
    untimed = f" ({main.untimed} of them at an unknown time)" if main.untimed else ""
    counts = (
        f"{main.clips} clips of {main.groups} groups, {main.positives} with a fall{untimed}, "
        f"{main.events} falls with times; {_hours(main.negative_hours)} without a fall"
    )
    return ", ".join(named) + (": " if named else "") + counts


def _figures(report: EventReport) -> list[list[str]]:
    rows = [["", "value [95%] ", "n"]]
    for name, (title, kind) in _ROWS.items():
        figure = report.figures[name]
        rows.append([title, _text(figure, kind), _count(figure, kind)])
    return rows


def _overlaps(report: EventReport) -> list[list[str]]:
    rows = [["tIoU", "recall, % ", "n", "precision, % ", "n", "F1, % "]]
    for least in _OVERLAPS:
        recall, precision, f1 = (
            report.figures[f"{name}@{least}"] for name in ("recall", "precision", "f1")
        )
        cells = [_text(recall, "share"), _count(recall, "share")]
        cells += [_text(precision, "share"), _count(precision, "share"), _text(f1, "share")]
        rows.append([least, *cells])
    return rows


def _times(report: EventReport) -> list[list[str]]:
    rows = [["", "1st quartile ", "median ", "3rd quartile ", "n"]]
    for name, title in _TIMES.items():
        figures = [report.figures[name + ending] for ending in ("_lower", "", "_upper")]
        rows.append([title, *(_text(each, "time") for each in figures), _count(figures[1], "time")])
    return rows


def _parts(reports: dict[str, EventReport], title: str) -> list[list[str]]:
    rows = [[title, "found, % ", "n", "false a clip ", "n", "ROC area "]]
    for name, report in reports.items():
        recall, rate = report.figures["recall"], report.figures["false_per_clip"]
        cells = [_text(recall, "share"), _count(recall, "share")]
        cells += [_text(rate, "clips"), _count(rate, "clips"), _text(report.figures["auc"], "area")]
        rows.append([printable(name) or "(none)", *cells])
    return rows


def _actions(evaluation: EventEvaluation, longest: int) -> list[list[str]]:
    sources = len({row.source for row in evaluation.by_action}) > 1
    rows = [["action", "clips", "groups", "with any", "false a clip ", "n"]]
    for row in evaluation.by_action:
        name = f"{row.source}: {row.action}" if sources else row.action
        cells = [str(row.clips), str(row.groups), str(row.clips_hit)]
        cells += [_text(row.rate, "clips"), _count(row.rate, "clips")]
        rows.append([_cut(printable(name), longest) or "(none)", *cells])
    return rows


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."


def _text(figure: Figure, kind: str) -> str:
    return figure_text(figure, lambda value: _number(value, kind))


def _number(value: float, kind: str) -> str:
    if kind == "share":
        return f"{100 * value:.1f}"
    if kind == "area":
        return f"{value:.3f}"
    if kind == "time":
        return f"{value:+.2f}"
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _count(figure: Figure, kind: str) -> str:
    if figure.base is None:
        return f"{figure.count:g}"
    if kind == "hours":
        return f"{figure.count:g} in {_hours(figure.base)}"
    return f"{figure.count:g} {'of' if kind == 'share' else 'in'} {figure.base:g}"


def _hours(hours: float) -> str:
    return f"{hours:.2f} h" if hours >= 1 else f"{60 * hours:.1f} min"
