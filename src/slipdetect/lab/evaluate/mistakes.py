"""The worst mistakes of an event test, with pictures of what was there to see.

In: predictions and the folder of their videos. Out: ``Mistake``s; a PNG with a row for each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.patches import Rectangle

from slipdetect._text import printable, shorten
from slipdetect.errors import VideoError
from slipdetect.lab.data.sheet import blank_sheet, fitted
from slipdetect.lab.evaluate.event_matching import hits, strays, touches
from slipdetect.lab.evaluate.predictions import ClipPrediction, Interval
from slipdetect.reports.colors import COLORS
from slipdetect.video import open_video

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FALSE, MISSED = "false event", "missed fall"
SHOTS = 6
MOST_ROWS = 12

_RATE = 10.0  # samples a second
_SIDE = 120  # pixels on the shorter side
_AROUND = 0.5  # seconds shown before and after

# of the sheet, pixels
_WIDTH, _HEIGHT = 140, 105  # of a picture
_CAPTION, _GAP = 18, 6
_TITLE, _TOP = 190, 30
_FOUND, _TRUE = COLORS[1], COLORS[2]


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a mistake."""

    time: float  # seconds into the clip
    # of the window whose middle is nearest; None if windows were not kept
    probability: float | None
    found: bool  # an event was found here
    true: bool  # somebody falls here
    image: npt.NDArray[np.uint8] | None = None  # ``(H, W, 3)`` uint8 RGB; None if it cannot be read


@dataclass(frozen=True, eq=False)
class Mistake:
    """A false event, or a fall that was not found."""

    kind: str  # ``"false event"`` or ``"missed fall"``
    item: ClipPrediction  # the clip
    # seconds of the false event or of the fall; of a fall at an unknown time those of the top
    # window
    span: Interval
    score: float  # of the false event; of a missed fall the highest probability near it
    timed: bool = True  # whether ``span`` is known and not guessed
    shots: tuple[Shot, ...] = ()  # pictures in the order of time


def worst_mistakes(
    predictions: Sequence[ClipPrediction], most: int
) -> tuple[list[Mistake], list[Mistake]]:
    """Return the false events of highest and the missed falls of lowest score, at ``most`` each.

    Of one clip only the worst false event is taken. A clip whose fall has no event times is a
    missed fall where nothing was found in it; it comes after those whose times are known.
    """
    false = [_false(item) for item in predictions if item.timed]
    missed = [mistake for item in predictions if item.positive for mistake in _missed(item)]
    worst = sorted((each for each in false if each), key=lambda each: -each.score)
    least = sorted(missed, key=lambda each: (not each.timed, each.score))
    return worst[:most], least[:most]


def with_pictures(mistake: Mistake, root: Path) -> Mistake:
    """Return the mistake with pictures from half a second before to half a second after it."""
    item = mistake.item
    start = max(mistake.span[0] - _AROUND, 0.0)
    end = min(mistake.span[1] + _AROUND, max(item.seconds, start))
    times = np.linspace(start, end, SHOTS).tolist()
    images = _images(root / item.clip, times)
    shots = [_shot(item, time, image) for time, image in zip(times, images, strict=True)]
    return replace(mistake, shots=tuple(shots))


def _false(item: ClipPrediction) -> Mistake | None:
    events = strays(item.events, item.truth)
    if not events:
        return None
    start, end, score = max(events, key=lambda event: event[2])
    return Mistake(FALSE, item, (start, end), score)


def _missed(item: ClipPrediction) -> list[Mistake]:
    if not item.truth:
        start, end, score = item.top_window
        return [] if item.events else [Mistake(MISSED, item, (start, end), score, timed=False)]
    return [
        Mistake(MISSED, item, event, _best_near(item, event))
        for event, found in zip(item.truth, hits(item), strict=True)
        if not found
    ]


def _best_near(item: ClipPrediction, event: Interval) -> float:
    near = [window[2] for window in item.windows if touches(window, event)]
    return max(near, default=item.score)


def _shot(item: ClipPrediction, time: float, image: npt.NDArray[np.uint8] | None) -> Shot:
    nearest = min(
        item.windows, key=lambda window: abs(window[0] + window[1] - 2 * time), default=None
    )
    return Shot(
        time=time,
        probability=None if nearest is None else nearest[2],
        found=any(start <= time <= end for start, end, _ in item.events),
        true=any(start <= time <= end for start, end in item.truth),
        image=image,
    )


def _images(path: Path, times: Sequence[float]) -> list[npt.NDArray[np.uint8] | None]:
    """Return the pictures nearest to ``times``; None where the video has none within half a second.

    The file is read once, as far as the last time.
    """
    found: list[npt.NDArray[np.uint8] | None] = [None] * len(times)
    distances = [_AROUND] * len(times)
    try:
        with open_video(path) as video:
            for frame in video.frames(_RATE, _SIDE):
                for index, time in enumerate(times):
                    if abs(frame.time - time) < distances[index]:
                        found[index], distances[index] = frame.image, abs(frame.time - time)
                if frame.time > max(times):
                    break
    except VideoError:
        return found
    return found


def mistakes_sheet(predictions: Sequence[ClipPrediction], root: Path, name: str) -> Figure:
    """Return the sheet of the worst false events and missed falls, half a sheet each."""
    false, missed = worst_mistakes(predictions, MOST_ROWS // 2)
    return mistakes_figure([with_pictures(each, root) for each in (*false, *missed)], name)


def mistakes_figure(mistakes: Sequence[Mistake], name: str = "") -> Figure:
    """Return the sheet: a row a mistake, with its pictures; without mistakes it says so."""
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
    lines = [Path(mistake.item.clip).name, mistake.item.action, mistake.item.dataset, when]
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
    score = "" if shot.probability is None else f"  {shot.probability:.2f}"
    caption = f"{shot.time:.1f} s{score}"
    axes.text(left, top + _HEIGHT + 9, caption, fontsize=8, va="center", color="#444444")


def _frame(axes: Axes, left: float, top: float, inset: float, color: str) -> None:
    corner = (left + inset + 1, top + inset + 1)
    size = (_WIDTH - 2 * inset - 2, _HEIGHT - 2 * inset - 2)
    axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=color, linewidth=2.2))
