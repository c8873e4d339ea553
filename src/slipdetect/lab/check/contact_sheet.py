"""Examples of a data set on one sheet: a row of pictures per part.

In: ``ExampleRow``s. Out: a PNG of bounded size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipdetect._text import printable, shorten
from slipdetect.lab.data.sheet import DPI, blank_sheet, fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from slipdetect.lab.check.examples import Example, ExampleRow

MOST_ROWS = 24

_WIDTH, _HEIGHT = 140, 105  # of a picture, pixels
_CAPTION = 18
_GAP = 6
_TITLE = 100
_TOP = 30


def draw_contact_sheet(rows: Sequence[ExampleRow], name: str, target: Path) -> None:
    """Write the sheet; of more than 24 rows the first are shown.

    Args:
        rows: At least one.
        name: Of the annotation file.
        target: The PNG.

    Raises:
        OSError: ``target`` cannot be written.
    """
    shown = rows[:MOST_ROWS]
    columns = max(len(row.examples) for row in shown)
    width = _TITLE + columns * (_WIDTH + _GAP) + _GAP
    height = _TOP + len(shown) * (_HEIGHT + _CAPTION + _GAP) + _GAP
    figure, axes = blank_sheet(width, height)
    more = f", {len(rows) - MOST_ROWS} rows more" if len(rows) > MOST_ROWS else ""
    axes.text(_GAP, _TOP / 2, f"{printable(name)}{more}", fontsize=10, va="center")
    for index, row in enumerate(shown):
        top = _TOP + index * (_HEIGHT + _CAPTION + _GAP)
        _name_row(axes, row, top)
        for place, example in enumerate(row.examples):
            _draw(axes, example, _TITLE + place * (_WIDTH + _GAP), top)
    figure.savefig(target, dpi=DPI, format="png")


def _name_row(axes: Axes, row: ExampleRow, top: float) -> None:
    first, *rest = row.title
    axes.text(_GAP, top + 14, printable(shorten(first, 13)), fontsize=9, weight="bold", va="center")
    lines = [*rest, f"{row.total} clips" if row.total != 1 else "1 clip"]
    for number, line in enumerate(lines):
        axes.text(_GAP, top + 32 + 16 * number, printable(line), fontsize=9, va="center")


def _draw(axes: Axes, example: Example, left: float, top: float) -> None:
    box = (left, left + _WIDTH, top + _HEIGHT, top)
    if example.image is None:
        axes.text(left + _WIDTH / 2, top + _HEIGHT / 2, "cannot be read", fontsize=8, ha="center")
    else:
        axes.imshow(
            fitted(example.image, _WIDTH, _HEIGHT), extent=box, interpolation="none", aspect="auto"
        )
    caption = f"{shorten(example.clip.path.stem, 15)} {example.time:.1f} s"
    axes.text(left, top + _HEIGHT + 9, printable(caption), fontsize=7, va="center", color="#444444")
