"""Backbones side by side: size, work, time and license.

In: rows of facts and costs. Out: a table for a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from slipdetect.cli.console import one_line

if TYPE_CHECKING:
    from slipdetect.backbones import BackboneSpec
    from slipdetect.models.measure import Cost

_GAP = "  "


@dataclass(frozen=True)
class Row:
    """One backbone that works here."""

    spec: BackboneSpec
    cost: Cost


# what --sort takes: the value to sort by
COLUMNS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.spec.name,
    "parameters": lambda row: row.cost.parameters,
    "gflop": lambda row: row.cost.flops,
    "ms": lambda row: row.cost.seconds,
}
_HEADINGS = ("name", "features", "input", "parameters", "GFLOP", "CPU ms", "license")
_TEXT = (0, 6)  # columns that are no numbers


def backbone_table(rows: Sequence[Row], column: str) -> str:
    """Return a row per backbone, sorted by ``column``, and below what was measured how."""
    ordered = sorted(rows, key=lambda row: (COLUMNS[column](row), row.spec.name))
    cells = [_HEADINGS, *(_cells(row) for row in ordered)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(_HEADINGS))]
    lines = [
        _GAP.join(
            text.ljust(width) if index in _TEXT else text.rjust(width)
            for index, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    if rows:
        threads = rows[0].cost.threads
        lines += [
            "",
            "One picture of the input size, without classifier; a multiply-add is two FLOP.",
            f"Times are measured now, on {threads} CPU thread{'' if threads == 1 else 's'}.",
        ]
    return "\n".join(lines) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    spec, cost = row.spec, row.cost
    return (
        one_line(spec.name),
        str(spec.feature_dim),
        f"{spec.input_size} px",
        f"{cost.parameters / 1e6:.2f} M",
        f"{cost.flops / 1e9:.2f}",
        f"{cost.seconds * 1e3:.0f}",
        one_line(spec.license),
    )
