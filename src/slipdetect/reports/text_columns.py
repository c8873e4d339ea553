"""Rows of cells as lines of text: aligned for a terminal, marked up for a page.

In: cells as text. Out: lines.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

_WIDTH = 100
_HEADING = 13


def wrapped(text: str) -> list[str]:
    """Return a sentence as lines of 100 columns at most."""
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return lines of aligned columns; the first row are headings, long ones take two lines."""
    heads = [_split(heading) for heading in rows[0]]
    upper, lower = [first for first, _ in heads], [second for _, second in heads]
    rows = [*([upper] if any(upper) else []), lower, *rows[1:]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return lines


def _split(heading: str) -> tuple[str, str]:
    """Return a long heading as two lines, broken before a capital or at a space."""
    name = heading.rstrip()
    pad = heading[len(name) :]
    places = [match.start() for match in re.finditer(r"(?<=[a-z])(?=[A-Z])| ", name)]
    if len(name) <= _HEADING or not places:
        return "", heading
    place = min(places, key=lambda index: abs(index - len(name) / 2))
    return name[:place] + pad, name[place:].strip() + pad


def marked(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown, numbers to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cell.strip() for cell in row)} |" for row in (head, rule, *rows)]


def escaped(text: str) -> str:
    """Return a text that a table in Markdown shows as it is."""
    return text.replace("|", "\\|").replace("*", "\\*")
