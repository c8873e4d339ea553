"""One clip under every condition on one sheet: a row of strengths for each condition.

In: cases, each with its clip. Out: a picture of one moment for each; a PNG of all.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from slipdetect._text import printable
from slipdetect.lab.data import Clip
from slipdetect.lab.stress.conditions import Case
from slipdetect.lab.stress.disturbances import Picture
from slipdetect.video import Frame, frames_on_grid, open_video

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 100
_NAME, _CELL = 2.3, 2.4  # inches: the column of names, a picture's width
_ROW, _TOP = 2.0, 0.4  # inches
_SHAPE = 0.75  # height of the room for a picture, against its width
_WRAP = 30  # letters


def stress_sheet(cases: Sequence[Case], pictures: Sequence[Picture], title: str) -> Figure:
    """Return the sheet.

    Args:
        cases: What was done, those of one condition next to each other.
        pictures: One for each, ``(H, W, 3)`` uint8 RGB of any size; smaller ones are drawn smaller.
        title: Which clip it is, and when.
    """
    pairs = zip(cases, pictures, strict=True)
    rows = [list(row) for _, row in groupby(pairs, key=lambda pair: pair[0].condition)]
    columns = max(map(len, rows))
    width, height = _NAME + columns * _CELL, _TOP + len(rows) * _ROW
    figure = Figure(figsize=(width, height), dpi=_DPI)
    FigureCanvasAgg(figure)
    figure.text(0.1 / width, 1 - 0.25 / height, printable(title), fontsize=11)
    largest = max(max(picture.shape[:2]) for picture in pictures)
    for number, row in enumerate(rows):
        top = _TOP + number * _ROW
        _name(figure, row[0][0], 0.1 / width, 1 - (top + 0.35) / height)
        for place, (case, picture) in enumerate(row):
            left = (_NAME + place * _CELL) / width
            box = (left, 1 - (top + _ROW) / height, (_CELL - 0.1) / width, (_ROW - 0.1) / height)
            _draw(figure.add_axes(box), case, picture, largest)
    return figure


def _name(figure: Figure, case: Case, x: float, y: float) -> None:
    figure.text(x, y, case.condition.name, fontsize=11, weight="bold", va="bottom")
    meaning = "\n".join(textwrap.wrap(case.condition.meaning, _WRAP))
    figure.text(x, y, f"\n{meaning}", fontsize=9, va="top", linespacing=1.2, color="0.25")


def _draw(axes: Axes, case: Case, picture: Picture, largest: int) -> None:
    """Draw a picture to the scale that all have, upright ones smaller, its strength above it."""
    height, width = picture.shape[:2]
    scale = min(1.0, _SHAPE * largest / height)
    axes.imshow(picture, interpolation="bilinear", extent=(0, scale * width, scale * height, 0))
    axes.set_xlim(0, largest)
    axes.set_ylim(_SHAPE * largest, 0)
    axes.set_title(case.strength_text, fontsize=9, loc="left", pad=2)
    axes.axis("off")


def choose_clip(clips: Sequence[Clip]) -> Clip:
    """Return a clip that shows a fall at a known time, else any with a fall, else the first."""
    timed = (clip for clip in clips if clip.events)
    return next(timed, next((clip for clip in clips if clip.positive), clips[0]))


def case_pictures(
    shown: Sequence[tuple[Clip, Case]], rate: float, short_side: int, seed: int = 0
) -> tuple[float, list[Picture]]:
    """Return the moment shown, seconds in the first clip, and the picture of it under each case.

    The moment is the middle of a clip's first event, or of the clip; the pictures are those that
    a model which samples at ``rate`` would see there.

    Raises:
        VideoError: A clip cannot be read.
    """
    found = [_at(clip, case, rate, short_side, seed, _middle(clip)) for clip, case in shown]
    return found[0].time, [frame.image for frame in found]


def _middle(clip: Clip) -> float:
    if clip.events:
        return sum(clip.events[0]) / 2
    with open_video(clip.path) as video:
        return video.info.middle


def _at(clip: Clip, case: Case, rate: float, short_side: int, seed: int, wanted: float) -> Frame:
    view = case.view(seed)
    with open_video(clip.path) as video:
        frames = video.frames(short_side=short_side)
        sampled = frames_on_grid(frames if view is None else view(frames), rate)
        found = next(sampled)
        for frame in sampled:
            if found.time >= wanted:
                break
            found = frame
    return found
