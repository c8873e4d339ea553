"""Rows of cells as lines of text: columns for a terminal, a table in Markdown for a page.

In: headings, and cells as text. Out: lines.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Collection, Iterable, Sequence

from slipdetect._text import columns, pad

_WIDTH = 100
_HEADING = 13  # columns; a longer heading takes two lines
_GAP = "  "


def text_table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    left: Collection[int] = (0,),
    indent: int = 0,
) -> list[str]:
    """Return lines of aligned columns; East Asian wide characters count as two columns.

    Args:
        headings: One a column, long ones are broken into two lines; none for rows alone.
        rows: Cells of one line each, as many as there are headings; not changed in any way.
        left: Columns that stand to the left; numbers stand to the right.
        indent: Spaces before every line.
    """
    heads = list(zip(*map(_split, headings), strict=True))
    lines = [*(head for head in heads if any(head)), *rows]
    widths = [max(map(columns, cells)) for cells in zip(*lines, strict=True)]
    return [
        " " * indent
        + _GAP.join(
            pad(cell, width, before=index not in left)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def text_fields(fields: Iterable[tuple[str, str | Iterable[str]]], *, width: int = 12) -> list[str]:
    """Return a line for each text, behind its title; more texts of a title stand below the first.

    Args:
        fields: Titles and texts; a title without a text is left out.
        width: Columns of a title, so that several groups of fields stand below each other.
    """
    lines = []
    for title, texts in fields:
        for index, text in enumerate([texts] if isinstance(texts, str) else texts):
            lines.append(f"  {'' if index else title:<{width}}  {text}")
    return lines


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown, which shows cells as they are; as ``text_table``."""
    rule = ["---", *["---:"] * (len(headings) - 1)]
    lines = [[escaped(cell.strip()) for cell in row] for row in (headings, *rows)]
    return [f"| {' | '.join(line)} |" for line in (lines[0], rule, *lines[1:])]


def escaped(text: str) -> str:
    """Return a text that Markdown shows as it is, in a table too."""
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


def wrapped(text: str) -> list[str]:
    """Return a sentence as lines of 100 columns at most."""
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _split(heading: str) -> tuple[str, str]:
    """Return a long heading as two lines, broken before a capital or at a space."""
    name = heading.rstrip()
    space = heading[len(name) :]
    places = [match.start() for match in re.finditer(r"(?<=[a-z])(?=[A-Z])| ", name)]
    if len(name) <= _HEADING or not places:
        return "", heading
    place = min(places, key=lambda index: abs(index - len(name) / 2))
    return name[:place] + space, name[place:].strip() + space
