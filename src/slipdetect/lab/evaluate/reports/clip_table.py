"""A clip test as text: tables for a terminal, a page in Markdown, data for JSON.

In: a ``ClipEvaluation``. Out: text, or plain data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from slipdetect._text import printable
from slipdetect.lab.evaluate.reports.figure_text import figure_text, interval_data, interval_notes
from slipdetect.reports.text_columns import aligned, escaped, marked, wrapped

if TYPE_CHECKING:
    from slipdetect.lab.evaluate.clip_evaluation import ClipEvaluation
    from slipdetect.lab.evaluate.clip_report import ClipReport, Figure

VERSION = 1

_EXACT = (
    "* all is right or wrong, or a label has fewer than 5 groups or few with most of its clips, so "
    "that drawing says nothing: 95% interval of Clopper and Pearson, a group taken for one trial."
)
_BESIDE = 2  # judgments in a table of 100 columns
_ROWS = {
    "accuracy": ("accuracy, %", 100),
    "mean_class_accuracy": ("mean-class accuracy, %", 100),
    "auc": ("area under ROC", 1),
    "average_precision": ("average precision", 1),
    "recall": ("recall of {}, %", 100),
    "precision": ("precision of {}, %", 100),
}


def clip_table(evaluation: ClipEvaluation) -> str:
    """Return tables for a terminal: the figures, what was taken for what, the data sets."""
    lines = [*wrapped(_subject(evaluation)), ""]
    for part in _parts(evaluation.reports):
        lines += [*aligned(_figures(part)), ""]
    lines += aligned(_confusions(evaluation.reports))
    if evaluation.by_source:
        lines += ["", f"By data set, {evaluation.main.name}:", *aligned(_sources(evaluation))]
    lines.append("")
    lines += [line for note in _notes(evaluation) for line in wrapped(note)]
    return "\n".join(lines) + "\n"


def clip_markdown(evaluation: ClipEvaluation) -> str:
    """Return the same as a page in Markdown."""
    lines = ["# Clip test", "", escaped(_subject(evaluation)), ""]
    tables = [_figures(evaluation.reports), _confusions(evaluation.reports)]
    if evaluation.by_source:
        tables.append(_sources(evaluation))
    for rows in tables:
        rows = [[escaped(cell) for cell in row] for row in rows]
        lines += [*marked(rows[0], rows[1:]), ""]
    lines += [f"- {escaped(note)}" for note in _notes(evaluation)]
    return "\n".join(lines) + "\n"


def clip_data(evaluation: ClipEvaluation) -> dict[str, Any]:
    """Return everything as plain data; nothing is rounded."""
    return {
        "version": VERSION,
        "facts": evaluation.facts,
        "reports": [_report_data(report) for report in evaluation.reports],
        "by_source": {name: _report_data(report) for name, report in evaluation.by_source.items()},
    }


def _subject(evaluation: ClipEvaluation) -> str:
    main, facts = evaluation.main, evaluation.facts
    named = [
        (f"{name} " if name != "data" else "") + printable(str(facts[name]))
        for name in ("data", "split", "model", "protocol")
        if facts.get(name)
    ]
    most = max(sum(row) for row in main.confusion) / main.clips
    counts = (
        f"{main.clips} clips, {main.positives} of them {printable(main.positive)}, of "
        f"{main.groups} groups; always the more frequent label: {100 * most:.1f}%"
    )
    return ", ".join(named) + (": " if named else "") + counts


def _parts(reports: Sequence[ClipReport]) -> Iterator[Sequence[ClipReport]]:
    """Yield as many reports at a time as fit beside each other."""
    for begin in range(0, len(reports), _BESIDE):
        yield reports[begin : begin + _BESIDE]


def _figures(reports: Sequence[ClipReport]) -> list[list[str]]:
    """Return a row a figure and two columns a judgment, headings first."""
    positive = printable(reports[0].positive)
    rows = [["", *(cell for report in reports for cell in (report.name, "n"))]]
    for name, (title, scale) in _ROWS.items():
        figures = [report.figures[name] for report in reports]
        cells = [(_text(figure, scale), str(figure.count)) for figure in figures]
        rows.append([title.format(positive), *(cell for pair in cells for cell in pair)])
    return rows


def _confusions(reports: Sequence[ClipReport]) -> list[list[str]]:
    """Return a row for each judgment and true label, a column for each label said."""
    labels = [printable(label) for label in reports[0].labels]
    rows = [["judged by", "true label", *(f"said {label}" for label in labels)]]
    for report in reports:
        for index, (label, counts) in enumerate(zip(labels, report.confusion, strict=True)):
            rows.append([report.name if index == 0 else "", label, *map(str, counts)])
    return rows


def _sources(evaluation: ClipEvaluation) -> list[list[str]]:
    positive = printable(evaluation.main.positive)
    rows = [["data set", "clips", positive, "groups", "accuracy, %", "area under ROC"]]
    for name, report in evaluation.by_source.items():
        counts = [str(report.clips), str(report.positives), str(report.groups)]
        figures = [_text(report.accuracy, 100), _text(report.auc, 1)]
        rows.append([printable(name) or "(none)", *counts, *figures])
    return rows


def _text(figure: Figure, scale: int) -> str:
    digits = 1 if scale == 100 else 3
    return figure_text(figure, lambda value: f"{scale * value:.{digits}f}")


def _notes(evaluation: ClipEvaluation) -> Iterator[str]:
    """Yield a sentence for each thing in the tables that needs one."""
    reports = (*evaluation.reports, *evaluation.by_source.values())
    figures = [figure for report in reports for figure in report.figures.values()]
    yield from interval_notes(figures, _EXACT)
    yield "n: clips that a figure is a share of, or rests on."
    if evaluation.facts.get("protocol") == "windows":
        yield "windows: a clip is judged by the window whose slip the model is surest of."
    if evaluation.main.name == "calibrated":
        yield (
            "calibrated: all streams fused as the model says, with its temperature and bias; what "
            "detection calls a probability of one half or more."
        )


def _report_data(report: ClipReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "labels": list(report.labels),
        "positive": report.positive,
        "clips": report.clips,
        "positives": report.positives,
        "groups": report.groups,
        "figures": {name: _figure_data(figure) for name, figure in report.figures.items()},
        "confusion": [list(row) for row in report.confusion],
    }


def _figure_data(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "count": figure.count,
        **interval_data(figure.interval),
    }
