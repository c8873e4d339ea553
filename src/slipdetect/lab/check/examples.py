"""A few pictures of every part of a data set, chosen by chance.

In: clips. Out: rows of pictures with what they show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from slipdetect.errors import VideoError
from slipdetect.lab.check.checking import SPLITS
from slipdetect.lab.data.annotations import Clip
from slipdetect.video import Frame, open_video

HEIGHT = 96  # pixels

_RATE = 5.0


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
    for name in SPLITS if sided else sorted({clip.source for clip in clips}):
        for positive in (True, False):
            there = [
                clip
                for clip in clips
                if (clip.split if sided else clip.source) == name and clip.positive == positive
            ]
            if not there:
                continue
            order = generator.permutation(len(there))[:each]
            title = (name or ("no split" if sided else "all"), "slip" if positive else "other")
            rows.append(ExampleRow(title, len(there), [_example(there[i]) for i in sorted(order)]))
    return rows


def _example(clip: Clip) -> Example:
    found: Frame | None = None
    try:
        with open_video(clip.path) as video:
            wanted = sum(clip.events[0]) / 2 if clip.events else (video.info.duration or 0.0) / 2
            for frame in video.frames(_RATE, HEIGHT):
                found = frame
                if frame.time >= wanted:
                    break
    except VideoError:
        found = None
    if found is None:
        return Example(clip, 0.0, None)
    return Example(clip, found.time, found.image)
