"""A comparison as text: tables for a terminal, and a page in Markdown.

In: a ``Comparison``. Out: text of at most 100 columns a line, or Markdown.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from slipdetect._text import pad, printable, shorten

if TYPE_CHECKING:
    from slipdetect.lab.compare.comparison import Comparison, Row, Versus
    from slipdetect.lab.evaluate.clip_report import Figure

_WIDTH = 100
_NAME = 30
_FIGURES = ("accuracy, %", "mean-class accuracy, %", "AUC")
_TESTS = ("only this", "only the", "McNemar", "p, Holm", "AUC less the reference's")
_TESTS_MORE = ("right", "ref. right", "p", "corrected", "")
_NONE = "no interval"
_CHOSEN = {
    "validation": "best on validation by mean-class accuracy, then AUC, then fewest streams",
    "name": "as asked for",
    "order": "the first row",
}


def comparison_table(comparison: Comparison) -> str:
    """Return tables for a terminal: the figures, the tests, and what they mean."""
    rows = comparison.rows
    lines = [*_wrapped(_subject(comparison)), ""]
    figures = [[_percent(r.test.accuracy), *_others(r)] for r in rows]
    lines += _grouped(comparison, [list(_FIGURES)], figures)
    if len(rows) > 1:
        lines += ["", *_wrapped(f"Against {rows[comparison.reference].name} on the same clips"), ""]
        tests = [_versus(row.versus) for row in rows]
        lines += _grouped(comparison, [list(_TESTS), list(_TESTS_MORE)], tests)
    lines += ["", *(line for note in _explanations(comparison) for line in _wrapped(note))]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def comparison_markdown(comparison: Comparison, command: str) -> str:
    """Return the same as a page in Markdown.

    Args:
        comparison: What was compared.
        command: The command that did it.
    """
    heads = ["", "backbone or run", "streams", "weights", "n", *_FIGURES]
    heads.append("mean-class on validation, %")
    marks = ["---"] * 4 + ["---:"] * 5
    tests = ["backbone or run", "streams", *map(" ".join, zip(_TESTS, _TESTS_MORE, strict=True))]
    reference = comparison.rows[comparison.reference].name
    lines = ["# Comparison", "", f"`{command}`" if command else "", "", _subject(comparison), ""]
    lines += [_line(heads), _line(marks)]
    for index, row in enumerate(comparison.rows):
        known = "-" if row.validation is None else _share(row.validation.mean_class_accuracy)
        mark = "*" if index == comparison.reference else ""
        figures = [str(row.test.clips), _percent(row.test.accuracy), *_others(row), known]
        names = [_cell(mark), _cell(row.group), _cell(row.streams), _cell(weights_text(row))]
        lines.append(_line([*names, *figures]))
    lines += ["", f"Against {_cell(reference)} on the same clips:", ""]
    lines += [_line(tests), _line(["---", "---"] + ["---:"] * 5)]
    for row in comparison.rows:
        if row.versus is not None:
            lines.append(_line([_cell(row.group), _cell(row.streams), *_versus(row.versus)]))
    lines += ["", *(f"- {_cell(note)}" for note in _explanations(comparison))]
    return "\n".join(lines) + "\n"


def weights_text(row: Row) -> str:
    """Return such as ``"rgb 1, flow 1.5"``."""
    return ", ".join(f"{name} {weight:.3g}" for name, weight in row.weights.items())


def chosen_text(comparison: Comparison) -> str:
    """Return how the reference row was chosen."""
    return _CHOSEN[comparison.chosen_by]


def _subject(comparison: Comparison) -> str:
    test = comparison.rows[0].test
    return (
        f"{test.clips} test clips ({test.positives} {printable(test.positive)}) of {test.groups} "
        f"groups; always the more frequent label: {100 * comparison.majority:.1f}%"
    )


def _grouped(
    comparison: Comparison, heads: Sequence[Sequence[str]], cells: Sequence[Sequence[str]]
) -> Iterator[str]:
    """Yield lines: headings, then each group's name above its rows."""
    widths = [max(len(row[i]) for row in [*heads, *cells]) for i in range(len(heads[0]))]
    space = _WIDTH - sum(width + 2 for width in widths) - 4
    names = [shorten(printable(row.streams), space) for row in comparison.rows]
    name_width = max(_NAME, *map(len, names)) if space >= _NAME else space
    for head in heads:
        yield " " * (4 + name_width) + _cells(head, widths)
    numbered = enumerate(comparison.rows)
    for group, members in groupby(numbered, key=lambda item: item[1].group):
        yield shorten(printable(group), _WIDTH)
        for index, _ in members:
            mark = "*" if index == comparison.reference else " "
            yield f"  {mark} {pad(names[index], name_width)}{_cells(cells[index], widths)}"


def _cells(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True))


def _others(row: Row) -> list[str]:
    auc = row.test.auc
    return [_percent(row.test.mean_class_accuracy), _with_interval(auc, 1, 3)]


def _percent(figure: Figure) -> str:
    return _with_interval(figure, 100, 1)


def _share(figure: Figure) -> str:
    return "-" if figure.value is None else f"{100 * figure.value:.1f}"


def _with_interval(figure: Figure, scale: int, digits: int) -> str:
    if figure.value is None:
        return "-"
    value = f"{scale * figure.value:.{digits}f}"
    if figure.interval is None:
        return value
    low, high = figure.interval.low, figure.interval.high
    return f"{value} [{scale * low:.{digits}f}, {scale * high:.{digits}f}]"


def _versus(versus: Versus | None) -> list[str]:
    if versus is None:
        return ["-"] * len(_TESTS)
    counts = [str(versus.gained), str(versus.lost)]
    return [*counts, _p_value(versus.p_value), _p_value(versus.corrected), _auc(versus)]


def _auc(versus: Versus) -> str:
    if versus.auc is None:
        return "-"
    value = _signed(versus.auc.value)
    if versus.auc.low is None or versus.auc.high is None:
        return f"{value} [{_NONE}]"
    return f"{value} [{_signed(versus.auc.low)}, {_signed(versus.auc.high)}]"


def _signed(value: float) -> str:
    text = f"{value:+.3f}"
    return " 0.000" if float(text) == 0 else text


def _p_value(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _explanations(comparison: Comparison) -> list[str]:
    rows = comparison.rows
    found = [f"* the reference: {chosen_text(comparison)}."]
    if comparison.chosen_by == "validation":
        found[0] += " The test clips had no part in that."
    found.append(
        f"[ ] 95% intervals of {comparison.resamples} resamples of whole groups, or exact where "
        "these say nothing."
    )
    tests = len(rows) - 1
    if tests:
        found.append(
            f"McNemar's exact test compares accuracies; Holm corrects its p for {tests} "
            f"comparison{'' if tests == 1 else 's'}. Differences of AUC have paired 95% intervals, "
            "not corrected."
        )
    if any(_NONE in _versus(row.versus)[-1] for row in rows):
        found.append(
            f"{_NONE}: all resamples agree, or a label has fewer groups than an interval needs."
        )
    fitted = [row for row in rows if row.streams.endswith(" fitted")]
    if fitted:
        found.append("fitted: weights of the least log-loss on the validation clips.")
    found += [f"{printable(r.name)}: {weights_text(r)}." for r in fitted if not r.note]
    found += [f"{printable(row.name)}: {row.note}." for row in rows if row.note]
    return [*found, *(f"{printable(note)}." for note in comparison.notes)]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    escaped = printable(text).replace("\\", "\\\\").replace("<", "&lt;")
    for char in "|*_`[]":
        escaped = escaped.replace(char, f"\\{char}")
    return escaped
