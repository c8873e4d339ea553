"""Cutting the snippets of one window or clip out of cached frames, augmented alike or plain.

In: a clip and where its snippets begin. Out: a ``(segments, images, S, S, C)`` uint8 tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from slipdetect.errors import DataError
from slipdetect.lab.augment.augment import Augmentation, whole_picture_crop
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.images import Images
from slipdetect.lab.augment.stretch import Stretch
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.frame_cache import FrameCache
from slipdetect.lab.data.windows import WindowRule
from slipdetect.modalities.snippet import Box, Modality, SnippetGrid, cut, snippet_box, thumbnail

LABELS = ("slip", "other")
DEFAULT_AUGMENT = AugmentConfig()
AS_IT_RUNS = Stretch(0.0, 0.0, 1.0)
Item = tuple[torch.Tensor, int]
Span = tuple[float, float]


@dataclass(frozen=True)
class WindowRecipe:
    """What a window is made of, and where it may sit."""

    modality: Modality
    grid: SnippetGrid
    size: int  # side of the network's input, pixels
    crop: str  # "motion" or "center"
    segments: int  # snippets drawn per training window
    rule: WindowRule


class WindowReader:
    """Cuts snippets out of a cached clip."""

    def __init__(
        self, recipe: WindowRecipe, cache: FrameCache, augment: AugmentConfig = DEFAULT_AUGMENT
    ) -> None:
        self.recipe = recipe
        self.cache = cache
        self.augment = augment
        self.fps = cache.sampling.sample_fps
        self.length = round(recipe.rule.window * self.fps) + 1
        self.is_flow = recipe.modality.name == "flow"
        self._crop = whole_picture_crop(augment, recipe.size)

    def duration(self, clip: Clip) -> float:
        """Return the seconds from a clip's first sample to its last."""
        return (len(self.cache.frames(clip.path)) - 1) / self.fps

    def placed(self, clip: Clip) -> Clip:
        """Return a clip with its times in seconds from the first sample on, gaps left out.

        Raises:
            VideoError: The clip cannot be decoded.
            DataError: A time lies where the recording has no pictures.
        """
        if not (clip.events or clip.lookalikes):
            return clip
        times = np.asarray(self.cache.times(clip.path))
        seconds = np.arange(len(times)) / self.fps
        if np.array_equal(times, seconds):
            return clip

        def place(spans: Sequence[Span]) -> tuple[Span, ...]:
            moved = [np.interp(span, times, seconds).tolist() for span in spans]
            for (start, end), (first, last) in zip(spans, moved, strict=True):
                if last - first < 1 / self.fps < end - start and start < times[-1]:
                    raise DataError(
                        f"{str(clip.path)!r} has no pictures from {start:g} s to {end:g} s, where a"
                        " time is marked; correct it"
                    )
            return tuple((start, end) for start, end in moved)

        return replace(clip, events=place(clip.events), lookalikes=place(clip.lookalikes))

    def first_sample(self, center: float, frames: int) -> int:
        """Return the first sample of the window around ``center`` seconds, inside the clip."""
        first = round(center * self.fps - (self.length - 1) / 2)
        return max(0, min(first, frames - self.length))

    def draw(self, rng: np.random.Generator, more: np.random.Generator) -> Augmentation:
        """Draw the changes of one training item, see ``Augmentation.draw``."""
        return Augmentation.draw(self.augment, rng, more, is_flow=self.is_flow)

    def read(self, clip: Clip, starts: Sequence[int]) -> torch.Tensor:
        """Return the snippets that begin at the samples ``starts``, in the test crop.

        Returns:
            ``(len(starts), images, S, S, C)`` uint8.
        """
        source = _Source(self, clip)
        cuts = [
            cut(source.pictures(start), source.box(start, self.recipe.crop), self.recipe.size)
            for start in starts
        ]
        return torch.from_numpy(np.stack(cuts))

    def read_changed(
        self,
        clip: Clip,
        starts: Sequence[int],
        change: Augmentation,
        rng: np.random.Generator,
        clocks: Sequence[Stretch] | None = None,
    ) -> torch.Tensor:
        """Return the snippets that begin at the samples ``starts``, all changed alike.

        Args:
            clip: Where they are from.
            starts: Their first samples.
            change: What happens to their pictures.
            rng: Draws the place of a crop of the whole picture.
            clocks: Per snippet, when it is read; None: as the clip runs.

        Returns:
            ``(len(starts), images, S, S, C)`` uint8.
        """
        source, size = _Source(self, clip), self.recipe.size
        pairs = list(zip(starts, clocks or [AS_IT_RUNS] * len(starts), strict=True))
        pictures = [source.pictures(start, clock) for start, clock in pairs]
        if self._crop is None:
            crop = self.recipe.crop
            if self.augment.train_crop == "mixed":
                crop = "motion" if rng.random() < 0.5 else "center"
            boxes = [source.box(start, crop, clock) for start, clock in pairs]
            if self.augment.train_crop in ("jitter", "mixed"):
                boxes = [change.move(box, *source.frames.shape[1:3]) for box in boxes]
            cuts = [change.cut(p, box, size) for p, box in zip(pictures, boxes, strict=True)]
            window = np.concatenate(cuts)
        else:
            window = change.cut_anywhere(np.concatenate(pictures), self._crop, rng)
        window = np.ascontiguousarray(change.finish(window))
        return torch.from_numpy(window.reshape(len(starts), -1, *window.shape[1:]))


class _Source:
    """One clip, for the time that a window is cut out of it."""

    def __init__(self, reader: WindowReader, clip: Clip) -> None:
        self.recipe = reader.recipe
        self.is_flow = reader.is_flow
        self.frames = reader.cache.frames(clip.path)
        self._stored = reader.cache.flows(clip.path) if self.is_flow else self.frames
        self._thumbnails: dict[int, npt.NDArray[np.float32]] = {}

    def pictures(self, start: int, clock: Stretch = AS_IT_RUNS) -> Images:
        """Return the stored pictures of the snippet at ``start``, ``(images, H, W, C)`` uint8."""
        first, count = start + self.recipe.grid.lead(self.recipe.modality), len(self._stored)
        samples = np.arange(first, first + self.recipe.modality.images)
        if not self.is_flow:
            return np.asarray(self._stored[clock.frames(samples, count)])
        return clock.scale_flow(np.asarray(self._stored[clock.fields(samples, count)]))

    def box(self, start: int, crop: str, clock: Stretch = AS_IT_RUNS) -> Box:
        """Return where ``crop``, ``"motion"`` or ``"center"``, puts the snippet at ``start``."""
        height, width = self.frames.shape[1:3]
        if crop != "motion":
            return snippet_box([], height, width, crop)
        grid = self.recipe.grid
        samples = np.arange(start - grid.before, start + grid.span + grid.after)
        # beyond either end the frame there repeats, in which nothing moves
        context = clock.frames(samples, len(self.frames)).tolist()
        return snippet_box([self._thumbnail(i) for i in context], height, width, crop)

    def _thumbnail(self, index: int) -> npt.NDArray[np.float32]:
        # the contexts of a window's snippets overlap
        if index not in self._thumbnails:
            self._thumbnails[index] = thumbnail(self.frames[index])
        return self._thumbnails[index]
