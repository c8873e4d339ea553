"""How metrics are written, alike in every report.

In: ``Metric``s, tables of cells. Out: text, plain data, pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipdetect._text import printable, shorten
from slipdetect.lab.stats.intervals import Interval
from slipdetect.lab.stats.metrics import Metric
from slipdetect.reports.text_table import escaped, markdown_table, text_table, wrapped

_WIDTH, _LEAST = 100, 16  # columns of a terminal, and of a name at least

DRAWN = (
    "[low, high]: 95% interval. Whole groups are drawn again and again, because clips of one "
    "person, scene or film are alike."
)
COUNTED = (
    "* nothing or everything was counted, or too few events or groups for drawing to say anything: "
    "exact 95% interval, of Clopper and Pearson for shares and of Poisson for rates, clips of one "
    "group taken for alike."
)


def metric_text(metric: Metric, number: Callable[[float], str]) -> str:
    """Return such as ``"75.0 [58.3, 91.7] "``; a star in the last place means exact."""
    if metric.value is None:
        return "- "
    text = number(metric.value)
    if metric.interval is None:
        return text + " "
    mark = "*" if metric.interval.method == "exact" else " "
    return f"{text} [{number(metric.interval.low)}, {number(metric.interval.high)}]{mark}"


def scaled(scale: int, digits: int) -> Callable[[float], str]:
    """Return what writes a number times ``scale`` with so many digits behind the point."""
    return lambda value: f"{scale * value:.{digits}f}"


def p_value_text(value: float) -> str:
    """Return such as ``"0.042"`` or ``"<0.001"``."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def metric_data(metric: Metric) -> dict[str, Any]:
    """Return value and interval as plain data, null where there is none."""
    return {"value": metric.value, **interval_data(metric.interval)}


def interval_data(interval: Interval | None) -> dict[str, Any]:
    """Return an interval as plain data, its ends null where there is none."""
    return {
        name: None if interval is None else getattr(interval, name)
        for name in ("low", "high", "method")
    }


def interval_notes(metrics: Iterable[Metric], exact: str = COUNTED) -> list[str]:
    """Return a sentence for each kind of interval in a table; ``exact`` is that of a star."""
    methods = {metric.interval.method for metric in metrics if metric.interval is not None}
    return [note for name, note in (("bootstrap", DRAWN), ("exact", exact)) if name in methods]


@dataclass(frozen=True)
class Page:
    """A report as people read it, on a terminal or as Markdown.

    Attributes:
        title: Of the Markdown page.
        subject: What was measured on what, one sentence.
        tables: Heading (may be empty) and rows of cells of each; the first row are headings.
        notes: What a reader should know, a sentence each.
    """

    title: str
    subject: str
    tables: Sequence[tuple[str, Sequence[Sequence[str]]]]
    notes: Sequence[str]

    def text(self) -> str:
        """Return tables of 100 columns, for which long names in the first one are cut."""
        lines = [*wrapped(self.subject), ""]
        for heading, (head, *rows) in self.tables:
            rest = text_table(head[1:], [cells for _, *cells in rows], left=())
            room = max(_WIDTH - 2 - max(map(len, rest)), _LEAST)
            cut = [[shorten(first, room), *cells] for first, *cells in rows]
            lines += [*([f"{heading}:"] if heading else []), *text_table(head, cut), ""]
        lines += [line for note in self.notes for line in wrapped(note)]
        return "\n".join(lines) + "\n"

    def markdown(self) -> str:
        """Return the same as a page in Markdown."""
        lines = [f"# {self.title}", "", escaped(self.subject), ""]
        for heading, (head, *rows) in self.tables:
            lines += [*([f"## {heading}", ""] if heading else []), *markdown_table(head, rows), ""]
        lines += [f"- {escaped(note)}" for note in self.notes]
        return "\n".join(lines) + "\n"


def facts_text(facts: Mapping[str, Any], names: Iterable[str]) -> str:
    """Return such as ``"clips.csv, split test, model best"`` of those facts that are known."""
    return ", ".join(
        (f"{name} " if name != "data" else "") + printable(str(facts[name]))
        for name in names
        if facts.get(name)
    )
