"""Where a snippet's frames lie and which part of the picture it sees: one rule for all uses.

In: sampled frames and a snippet's first sample. Out: stored uint8 snippet images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.modalities.modality import CROPS, Modality
from slipdetect.modalities.motion_crop import (
    Box,
    MotionProfile,
    center_box,
    motion_box,
    motion_profile,
)

MOTION_SECONDS = 1.2  # motion is judged over this long around a snippet
_CENTER_SHARE = 224 / 256  # the reference's center crop after scaling the short side to 256


@dataclass(frozen=True)
class SnippetGrid:
    """Snippets of several modalities around the same instants of a sampled video.

    Attributes:
        span: Sampled frames that the longest snippet reads; shorter ones sit in its middle.
        step: Sampled frames from one snippet to the next.
        context: Sampled frames around a snippet in which motion is judged, at least ``span``.
    """

    span: int
    step: int
    context: int

    @classmethod
    def make(cls, modalities: Sequence[Modality], step: int, sample_fps: float) -> SnippetGrid:
        """Return the grid that holds a snippet of each of ``modalities``."""
        span = max(modality.frames for modality in modalities)
        return cls(span, step, max(span, round(MOTION_SECONDS * sample_fps)))

    @property
    def before(self) -> int:
        """Context frames before a snippet's first frame."""
        return (self.context - self.span) // 2

    @property
    def after(self) -> int:
        """Context frames behind a snippet's last frame."""
        return self.context - self.span - self.before

    def lead(self, modality: Modality) -> int:
        """Frames from the start of the span to the first frame that ``modality`` reads."""
        return (self.span - modality.frames) // 2

    def starts(self, frames: int) -> list[int]:
        """First samples of the snippets of a video of ``frames`` sampled frames, at least one.

        The last snippet reaches the last frame; where the grid overshoots, that frame repeats.
        """
        last = -(-max(frames - self.span, 0) // self.step) * self.step
        return list(range(0, last + 1, self.step))

    def indices(self, start: int, modality: Modality, frames: int) -> npt.NDArray[np.int64]:
        """Samples that the snippet at ``start`` reads; beyond the end the last one repeats."""
        first = start + self.lead(modality)
        return np.minimum(np.arange(first, first + modality.frames), frames - 1)

    def context_bounds(self, start: int, frames: int) -> tuple[int, int]:
        """First and one-past-last sample in which the snippet's motion is judged."""
        first = max(min(start - self.before, frames - 1), 0)
        return first, min(start + self.span + self.after, frames)


def snippet_box(
    thumbnails: Sequence[npt.NDArray[np.float32]], height: int, width: int, crop: str
) -> Box:
    """Return the square that a snippet is cropped to.

    Args:
        thumbnails: Thumbnails of the context frames, oldest first; unused by ``"center"``.
        height: Of the sampled frames, pixels.
        width: Of the sampled frames, pixels.
        crop: ``"motion"`` (the moving region) or ``"center"`` (reference TSN's test crop).
    """
    moving = crop == "motion"
    profiles = [motion_profile(a, b) for a, b in pairwise(thumbnails)] if moving else []
    return profiled_box(profiles, height, width, crop)


def profiled_box(profiles: list[MotionProfile], height: int, width: int, crop: str) -> Box:
    """Return the same square from the profiles of neighbors among the context frames."""
    if crop == "motion":
        return motion_box(profiles, height, width)
    if crop == "center":
        return center_box(height, width).jittered(_CENTER_SHARE, 0.0, 0.0)
    raise UsageError(f"unknown crop {crop!r}; choose from {', '.join(CROPS)}")
