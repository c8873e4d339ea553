"""Older names of what ``text_table`` does, until their last caller is gone."""

from __future__ import annotations

from collections.abc import Sequence

from slipdetect.reports.text_table import escaped, text_table, wrapped

__all__ = ["aligned", "escaped", "marked", "wrapped"]


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return ``text_table``; the first row are headings."""
    return text_table(rows[0], rows[1:])


def marked(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a table in Markdown whose cells are escaped already."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cell.strip() for cell in row)} |" for row in (head, rule, *rows)]
