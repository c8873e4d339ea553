"""What one scene looks like under every condition.

In: cases, each with its clip. Out: a picture of one moment for each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from slipdetect.lab.data import Clip
from slipdetect.lab.stress.condition import Case
from slipdetect.video import Frame, frames_on_grid, open_video

Picture = npt.NDArray[np.uint8]


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

    Args:
        shown: Each case and the clip that it is of, the same for all but other camera places.
        rate: Samples a second.
        short_side: Of the pictures before anything is done to them, px.
        seed: Of the noise.

    Raises:
        VideoError: A clip cannot be read.
    """
    found = [_at(clip, case, rate, short_side, seed, _middle(clip)) for clip, case in shown]
    return found[0].time, [frame.image for frame in found]


def _middle(clip: Clip) -> float:
    if clip.events:
        return sum(clip.events[0]) / 2
    with open_video(clip.path) as video:
        return (video.info.duration or 0.0) / 2


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
