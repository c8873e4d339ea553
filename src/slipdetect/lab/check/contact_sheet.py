"""A few pictures of every part of a data set, chosen by chance, on one sheet.

In: clips. Out: rows of pictures with what they show; a PNG of bounded size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from slipdetect._text import printable, shorten
from slipdetect.errors import VideoError
from slipdetect.lab.check.checking import SPLITS
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.sheet import blank_sheet, fitted
from slipdetect.lab.stats.plot import save_png
from slipdetect.video import open_video

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROWS = 24

_SIDE = 96  # of a picture as it is decoded, pixels
_RATE = 5.0

_WIDTH, _HEIGHT = 140, 105  # of a picture, pixels
_CAPTION = 18
_GAP = 6
_TITLE = 100
_TOP = 30


@dataclass(frozen=True, eq=False)
class Example:
    """One picture of a clip.

    Attributes:
        clip: The clip.
        time: Seconds into it.
        image: ``(H, W, 3)`` uint8 RGB, 96 px on the shorter side; None if it cannot be read.
    """

    clip: Clip
    time: float
    image: npt.NDArray[np.uint8] | None


@dataclass(frozen=True)
class ExampleRow:
    """Pictures of one side, label and data set.

    Attributes:
        title: What they have in common: words, one a line.
        total: Clips of which they were chosen.
        examples: The pictures.
    """

    title: tuple[str, ...]
    total: int
    examples: list[Example] = field(default_factory=list)


def choose_examples(clips: Sequence[Clip], each: int, seed: int) -> list[ExampleRow]:
    """Return a row per side and label, or per data set and label where no clip has a side.

    The picture of a clip with a known event is that of the middle of its first event, of any
    other clip that of its middle.

    Args:
        clips: Annotated clips.
        each: Pictures in a row, if there are as many clips.
        seed: Of the choice.
    """
    sided = any(clip.split for clip in clips)
    rows = []
    generator = np.random.default_rng(seed)
    for name in SPLITS if sided else sorted({clip.dataset for clip in clips}):
        for positive in (True, False):
            there = [
                clip
                for clip in clips
                if (clip.split if sided else clip.dataset) == name and clip.positive == positive
            ]
            if not there:
                continue
            order = generator.permutation(len(there))[:each]
            title = (name or ("no split" if sided else "all"), "slip" if positive else "other")
            rows.append(ExampleRow(title, len(there), [_example(there[i]) for i in sorted(order)]))
    return rows


def _example(clip: Clip) -> Example:
    try:
        with open_video(clip.path) as video:
            wanted = sum(clip.events[0]) / 2 if clip.events else video.info.middle
            for frame in video.frames(_RATE, _SIDE):
                if frame.time >= wanted:
                    break
    except VideoError:
        return Example(clip, 0.0, None)
    return Example(clip, frame.time, frame.image)


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
    save_png(figure, target)


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
