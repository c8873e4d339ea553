"""The worst mistakes of an event test on one sheet: a row of pictures each.

In: ``Mistake``s with pictures. Out: a PNG of bounded size.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from slipdetect._text import printable, shorten
from slipdetect.lab.evaluate.contact_sheet import fitted
from slipdetect.lab.evaluate.sheet import DPI, blank_sheet
from slipdetect.reports.colors import COLORS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from slipdetect.lab.evaluate.mistakes import Mistake, Shot

MOST_ROWS = 12

_WIDTH, _HEIGHT = 140, 105  # of a picture, pixels
_CAPTION, _GAP = 18, 6
_TITLE, _TOP = 190, 30
_FOUND, _TRUE = COLORS[1], COLORS[2]


def draw_mistakes(mistakes: Sequence[Mistake], name: str, target: Path) -> None:
    """Write the sheet; without mistakes it says so.

    Args:
        mistakes: Rows from top to bottom, with their pictures.
        name: Of the test, for the first line.
        target: The PNG.

    Raises:
        OSError: ``target`` cannot be written.
    """
    mistakes_figure(mistakes, name).savefig(target, dpi=DPI, format="png")


def mistakes_figure(mistakes: Sequence[Mistake], name: str = "") -> Figure:
    """Return the same as a figure."""
    columns = max((len(each.shots) for each in mistakes), default=4)
    width = _TITLE + columns * (_WIDTH + _GAP) + _GAP
    height = _TOP + max(len(mistakes), 1) * (_HEIGHT + _CAPTION + _GAP) + _GAP
    figure, axes = blank_sheet(width, height)
    _head(axes, name, width)
    if not mistakes:
        axes.text(_GAP, _TOP + 20, "no mistakes", fontsize=10)
    for index, mistake in enumerate(mistakes):
        top = _TOP + index * (_HEIGHT + _CAPTION + _GAP)
        _name_row(axes, mistake, top)
        for place, shot in enumerate(mistake.shots):
            _draw(axes, shot, _TITLE + place * (_WIDTH + _GAP), top)
    return figure


def _head(axes: Axes, name: str, width: float) -> None:
    axes.text(_GAP, _TOP / 2, shorten(printable(name), 60), fontsize=10, va="center")
    axes.text(width - 150, _TOP / 2, "event found", fontsize=9, va="center", color=_FOUND)
    axes.text(width - 60, _TOP / 2, "true fall", fontsize=9, va="center", color=_TRUE)


def _name_row(axes: Axes, mistake: Mistake, top: float) -> None:
    head = f"{mistake.kind}, {mistake.score:.2f}"
    axes.text(_GAP, top + 14, head, fontsize=9, weight="bold", va="center")
    start, end = mistake.span
    when = f"{start:.1f} to {end:.1f} s" if mistake.timed else "at an unknown time"
    lines = [Path(mistake.item.clip).name, mistake.item.action, mistake.item.source, when]
    for number, line in enumerate(line for line in lines if line):
        text = shorten(printable(line), 27)
        axes.text(_GAP, top + 34 + 17 * number, text, fontsize=8, va="center")


def _draw(axes: Axes, shot: Shot, left: float, top: float) -> None:
    box = (left, left + _WIDTH, top + _HEIGHT, top)
    if shot.image is None:
        axes.text(left + _WIDTH / 2, top + _HEIGHT / 2, "cannot be read", fontsize=8, ha="center")
    else:
        picture = fitted(shot.image, _WIDTH, _HEIGHT)
        axes.imshow(picture, extent=box, interpolation="none", aspect="auto")
    if shot.found:
        _frame(axes, left, top, 0.0, _FOUND)
    if shot.true:
        _frame(axes, left, top, 4.0, _TRUE)
    sure = "" if shot.probability is None else f"  {shot.probability:.2f}"
    caption = f"{shot.time:.1f} s{sure}"
    axes.text(left, top + _HEIGHT + 9, caption, fontsize=8, va="center", color="#444444")


def _frame(axes: Axes, left: float, top: float, inset: float, color: str) -> None:
    corner = (left + inset + 1, top + inset + 1)
    size = (_WIDTH - 2 * inset - 2, _HEIGHT - 2 * inset - 2)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, linewidth=2.2))
