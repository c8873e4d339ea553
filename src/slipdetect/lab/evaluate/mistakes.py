"""The worst mistakes of an event test, with pictures of what was there to see.

In: predictions and the folder of their videos. Out: ``Mistake``s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.errors import VideoError
from slipdetect.lab.evaluate.event_matching import strays, touches
from slipdetect.lab.evaluate.event_metrics import hits
from slipdetect.lab.evaluate.predictions import ClipPrediction, Interval
from slipdetect.video import open_video

FALSE, MISSED = "false event", "missed fall"
SHOTS = 6

_RATE = 10.0  # samples a second
_SIDE = 120  # pixels on the shorter side
_AROUND = 0.5  # seconds shown before and behind


@dataclass(frozen=True, eq=False)
class Shot:
    """One picture of a mistake.

    Attributes:
        time: Seconds into the clip.
        probability: Of the window whose middle is nearest; None if windows were not kept.
        found: An event was found here.
        true: Somebody falls here.
        image: ``(H, W, 3)`` uint8 RGB; None if it cannot be read.
    """

    time: float
    probability: float | None
    found: bool
    true: bool
    image: npt.NDArray[np.uint8] | None = None


@dataclass(frozen=True, eq=False)
class Mistake:
    """A false event, or a fall that was not found.

    Attributes:
        kind: ``"false event"`` or ``"missed fall"``.
        item: The clip.
        span: Seconds of the false event or of the fall; of a fall at an unknown time those of the
            surest window.
        score: How sure the detector was: of the false event; of the fall the surest window near it.
        timed: Whether ``span`` is known and not guessed.
        shots: Pictures in the order of time.
    """

    kind: str
    item: ClipPrediction
    span: Interval
    score: float
    timed: bool = True
    shots: tuple[Shot, ...] = ()


def worst_mistakes(
    predictions: Sequence[ClipPrediction], most: int
) -> tuple[list[Mistake], list[Mistake]]:
    """Return the surest false events and the missed falls that were given least, at ``most`` each.

    Of one clip only the worst false event is taken. A clip whose fall has no event times is a
    missed fall where nothing was found in it; it comes behind those whose times are known.
    """
    false = [_false(item) for item in predictions if item.timed]
    missed = [mistake for item in predictions if item.positive for mistake in _missed(item)]
    surest = sorted((each for each in false if each), key=lambda each: -each.score)
    least = sorted(missed, key=lambda each: (not each.timed, each.score))
    return surest[:most], least[:most]


def with_pictures(mistake: Mistake, root: Path) -> Mistake:
    """Return the mistake with pictures from half a second before to half a second behind it.

    Args:
        mistake: Of one clip.
        root: Folder that the clip's name starts from.
    """
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
        start, end, score = item.surest
        return [] if item.events else [Mistake(MISSED, item, (start, end), score, timed=False)]
    return [
        Mistake(MISSED, item, event, _surest_near(item, event))
        for event, found in zip(item.truth, hits(item), strict=True)
        if not found
    ]


def _surest_near(item: ClipPrediction, event: Interval) -> float:
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
