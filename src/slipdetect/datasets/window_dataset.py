"""Training windows of one modality, drawn balanced by label and source, augmented alike.

In: clips and a frame cache. Out: ``((segments, images, S, S, C) uint8, class index)`` items.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from slipdetect.datasets.annotations import Clip
from slipdetect.datasets.frame_cache import FrameCache
from slipdetect.datasets.splits import require_both_labels
from slipdetect.datasets.windows import Range, WindowRule
from slipdetect.errors import DataError
from slipdetect.modalities.augment import Augmentation, corner_crop
from slipdetect.modalities.modality import Modality
from slipdetect.modalities.motion_crop import Box, cut, thumbnail
from slipdetect.modalities.sampling import dense_offsets, segment_offsets
from slipdetect.modalities.snippet import SnippetGrid, snippet_box

LABELS = ("slip", "other")
Item = tuple[torch.Tensor, int]


@dataclass(frozen=True)
class WindowRecipe:
    """What a window is made of.

    Attributes:
        modality: What its snippets are.
        grid: Where snippets lie.
        size: Side of the network's input, pixels.
        crop: ``"motion"`` or ``"centre"``.
        segments: Snippets drawn per training window.
        rule: Where windows may sit.
    """

    modality: Modality
    grid: SnippetGrid
    size: int
    crop: str
    segments: int
    rule: WindowRule


@dataclass(frozen=True)
class _Candidate:
    clip: Clip
    ranges: tuple[Range, ...]

    @property
    def seconds(self) -> float:
        return sum(high - low for low, high in self.ranges)


class _WindowReader:
    """Cuts one window out of a cached clip."""

    def __init__(self, recipe: WindowRecipe, cache: FrameCache) -> None:
        self.recipe = recipe
        self.cache = cache
        self.fps = cache.sampling.sample_fps
        self.length = round(recipe.rule.window * self.fps) + 1

    def duration(self, clip: Clip) -> float:
        return (len(self.cache.frames(clip.path)) - 1) / self.fps

    def first_sample(self, centre: float, frames: int) -> int:
        first = round(centre * self.fps - (self.length - 1) / 2)
        return max(0, min(first, frames - self.length))

    def read(
        self, clip: Clip, starts: Sequence[int], rng: np.random.Generator | None = None
    ) -> torch.Tensor:
        """Return the snippets at ``starts``, augmented alike when ``rng`` is given."""
        recipe = self.recipe
        frames = self.cache.frames(clip.path)
        is_flow = recipe.modality.name == "flow"
        stored = self.cache.flows(clip.path) if is_flow else frames
        picked = [np.asarray(stored[self._indices(start, frames, stored)]) for start in starts]
        if rng is None:
            boxes = [self._box(frames, start) for start in starts]
            cuts = [cut(p, box, recipe.size) for p, box in zip(picked, boxes, strict=True)]
            return torch.from_numpy(np.stack(cuts))
        augmentation = Augmentation.draw(rng, is_flow=is_flow)
        if recipe.crop == "motion":
            size = frames.shape[1:3]
            boxes = [augmentation.move(self._box(frames, start), *size) for start in starts]
            cuts = [cut(p, box, recipe.size) for p, box in zip(picked, boxes, strict=True)]
            window = np.concatenate(cuts)
        else:
            window = corner_crop(recipe.size, is_flow)(np.concatenate(picked), rng)
        window = np.ascontiguousarray(augmentation.recolour(window))
        return torch.from_numpy(window.reshape(len(starts), -1, *window.shape[1:]))

    def _indices(
        self, start: int, frames: npt.NDArray[np.uint8], stored: npt.NDArray[np.uint8]
    ) -> npt.NDArray[np.int64]:
        indices = self.recipe.grid.indices(start, self.recipe.modality, len(frames))
        is_flow = self.recipe.modality.name == "flow"
        return np.minimum(indices[:-1], len(stored) - 1) if is_flow else indices

    def _box(self, frames: npt.NDArray[np.uint8], start: int) -> Box:
        first, last = self.recipe.grid.context_bounds(start, len(frames))
        moving = self.recipe.crop == "motion"
        thumbnails = [thumbnail(frame) for frame in frames[first:last]] if moving else []
        height, width = frames.shape[1:3]
        return snippet_box(thumbnails, height, width, self.recipe.crop)


class TrainingWindows(Dataset[Item]):
    """``count`` windows an epoch, half of them positive, each drawn anew from (seed, epoch, index).

    Sources are drawn in proportion to the square root of their number of clips, so that a large
    data set does not drown a small one; clips in proportion to the root of their usable seconds.

    Args:
        clips: Clips to draw from.
        cache: Their frames.
        recipe: What a window is made of.
        count: Windows an epoch.
        seed: Base of every draw.

    Raises:
        DataError: One label has no place to draw from.
    """

    def __init__(
        self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe, count: int, seed: int
    ) -> None:
        require_both_labels(clips, "the training data")
        self._reader = _WindowReader(recipe, cache)
        self._recipe = recipe
        self._count = count
        self._seed = seed
        self._epoch = 0
        self._pools = []
        for index, what in enumerate(("a fall", "none")):
            candidates = _candidates(clips, self._reader, index == 0)
            if not candidates:
                raise DataError(
                    f"no training clip has a place for a window that shows {what}; "
                    "check that event times lie inside their clips"
                )
            self._pools.append(_Pool(candidates))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose windows are drawn next."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Item:
        rng = np.random.default_rng((self._seed, self._epoch, index))
        label = index % 2
        clip, centre = self._pools[label].draw(rng)
        frames = len(self._reader.cache.frames(clip.path))
        first = self._reader.first_sample(centre, frames)
        available = min(self._reader.length, frames - first)
        offsets = segment_offsets(
            available, self._recipe.segments, self._recipe.grid.span, "train", rng
        )
        return self._reader.read(clip, [first + int(o) for o in offsets], rng), label


class ValidationWindows(Dataset[Item]):
    """The same unaugmented windows every time: the middle of each range, scored as in detection.

    Every item has the same number of snippets; in short clips the last one repeats.
    """

    def __init__(self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe) -> None:
        self._reader = _WindowReader(recipe, cache)
        self._recipe = recipe
        self._windows = [
            (candidate.clip, (low + high) / 2, label)
            for label in (0, 1)
            for candidate in _candidates(clips, self._reader, label == 0)
            for low, high in candidate.ranges
        ]

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Item:
        clip, centre, label = self._windows[index]
        frames = len(self._reader.cache.frames(clip.path))
        first = self._reader.first_sample(centre, frames)
        grid = self._recipe.grid
        offsets = dense_offsets(self._reader.length, grid.span, grid.step)
        last = max(frames - grid.span, 0)
        return self._reader.read(clip, [min(first + int(o), last) for o in offsets]), label


class _Pool:
    """Weighted draw of a clip and a window centre."""

    def __init__(self, candidates: list[_Candidate]) -> None:
        by_source: dict[str, list[_Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_source[candidate.clip.source].append(candidate)
        self._sources = [by_source[name] for name in sorted(by_source)]
        self._source_weights = _normalised([len(group) ** 0.5 for group in self._sources])
        self._clip_weights = [
            _normalised([(0.1 + c.seconds) ** 0.5 for c in group]) for group in self._sources
        ]

    def draw(self, rng: np.random.Generator) -> tuple[Clip, float]:
        source = int(rng.choice(len(self._sources), p=self._source_weights))
        candidates = self._sources[source]
        candidate = candidates[int(rng.choice(len(candidates), p=self._clip_weights[source]))]
        lengths = _normalised([1e-3 + high - low for low, high in candidate.ranges])
        low, high = candidate.ranges[int(rng.choice(len(lengths), p=lengths))]
        return candidate.clip, float(rng.uniform(low, high))


def _candidates(clips: Sequence[Clip], reader: _WindowReader, positive: bool) -> list[_Candidate]:
    rule = reader.recipe.rule
    ranges = rule.positive_ranges if positive else rule.negative_ranges
    found = [_Candidate(clip, tuple(ranges(clip, reader.duration(clip)))) for clip in clips]
    return [candidate for candidate in found if candidate.ranges]


def _normalised(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    values = np.asarray(weights, np.float64)
    shares: npt.NDArray[np.float64] = values / values.sum()
    return shares
