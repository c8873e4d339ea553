"""From sampled frames to snippets, with a bounded memory of frames.

In: frames of the regular sampling grid. Out: ``Snippet`` objects that cut uint8 network inputs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import tee

import numpy as np
import numpy.typing as npt

from slipdetect.modalities.modality import Modality
from slipdetect.modalities.motion_crop import Box, MotionProfile, cut, motion_profile, thumbnail
from slipdetect.modalities.snippet import SnippetGrid, profiled_box
from slipdetect.video import Frame

Image = npt.NDArray[np.uint8]

# turns pictures into the n - 1 quantized flows between them, each (H, W, 2)
FlowSource = Callable[[Iterator[Image]], Iterator[Image]]


@dataclass(frozen=True)
class StreamInput:
    """How one stream's snippets are cut: its modality, side in px, crop and source of flow."""

    modality: Modality
    size: int
    crop: str
    flow: FlowSource | None = None


@dataclass(frozen=True, eq=False)
class _Sample:
    """A sampled frame with what several snippets need of it, computed once.

    Attributes:
        image: The picture.
        thumbnail: Motion is measured on it; empty where no stream asks for motion.
        profile: Of the motion that leads to it; None at the start, or where nobody asks.
        corrupt: The frame was damaged.
        flows: Flow that leads to it, by modality.
        cuts: What was last cut out of its picture or its flow, with the place, by size.
    """

    image: Image
    thumbnail: npt.NDArray[np.float32]
    profile: MotionProfile | None
    corrupt: bool
    flows: dict[str, Image]
    cuts: dict[tuple[bool, int], tuple[Box, Image]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Part:
    """A place in several samples: in their flow where ``flow``, else in their pictures."""

    samples: list[_Sample]
    flow: bool
    box: Box
    size: int

    def cut(self) -> Image:
        """Return the images, each cut anew only where it was not cut so last."""
        kind = (self.flow, self.size)
        found: dict[int, Image] = {}
        missing: dict[int, _Sample] = {}
        for sample in self.samples:
            last = sample.cuts.get(kind)
            if last is not None and last[0] == self.box:
                found[id(sample)] = last[1]
            else:
                missing[id(sample)] = sample
        if missing:
            whole = [each.flows["flow"] if self.flow else each.image for each in missing.values()]
            for sample, part in zip(missing.values(), cut(whole, self.box, self.size), strict=True):
                sample.cuts[kind] = self.box, part
                found[id(sample)] = part
        return np.stack([found[id(sample)] for sample in self.samples])


@dataclass(frozen=True, eq=False)
class Snippet:
    """One snippet of every stream, cut when it is asked for.

    Attributes:
        start: Index of its first sampled frame.
        corrupt: One of its frames was damaged.
        last: Index of its last sampled frame; at the end of a video that one may be repeated.
        parts: What is cut for each stream, by modality.
    """

    start: int
    corrupt: bool
    last: int
    parts: dict[str, _Part]

    def images(self, modality: str) -> Image:
        """Return one stream's input ``(images, S, S, C)`` uint8."""
        return self.parts[modality].cut()


class SnippetCutter:
    """Cut the snippets of a grid out of a stream of frames.

    Args:
        grid: Where snippets lie.
        streams: What is cut at each place.
    """

    def __init__(self, grid: SnippetGrid, streams: Iterable[StreamInput]) -> None:
        self.grid = grid
        self.streams = tuple(streams)
        self._samples: deque[_Sample] = deque()
        self._first = 0
        self._next_start = 0

    @property
    def frames(self) -> int:
        """Frames taken so far."""
        return self._first + len(self._samples)

    def cut(self, frames: Iterable[Frame]) -> Iterator[Snippet]:
        """Yield the snippets of ``frames``; a video shorter than one snippet gives one, padded."""
        for frame, flows in self._with_flows(frames):
            self._take(frame, flows)
            while self._next_start + self.grid.span + self.grid.after <= self.frames:
                yield self._snippet()
        if self.frames == 0:
            return
        while self._next_start <= self.grid.starts(self.frames)[-1]:
            yield self._snippet()

    def _with_flows(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, dict[str, Image]]]:
        """Yield every frame with the flow that leads to it, by modality; still at the start."""
        sources = {
            stream.modality.name: stream.flow for stream in self.streams if stream.flow is not None
        }
        own, *copies = tee(frames, 1 + len(sources))
        flows = {
            name: source(frame.image for frame in copy)
            for (name, source), copy in zip(sources.items(), copies, strict=True)
        }
        for index, frame in enumerate(own):
            if index == 0:
                still = np.full((*frame.image.shape[:2], 2), 128, np.uint8)
                yield frame, dict.fromkeys(flows, still)
            else:
                yield frame, {name: next(row) for name, row in flows.items()}

    def _take(self, frame: Frame, flows: dict[str, Image]) -> None:
        small, profile = np.empty((0, 0), np.float32), None
        if any(stream.crop == "motion" for stream in self.streams):
            small = thumbnail(frame.image)
            if self._samples:
                profile = motion_profile(self._samples[-1].thumbnail, small)
        self._samples.append(_Sample(frame.image, small, profile, frame.corrupt, flows))

    def _snippet(self) -> Snippet:
        start = self._next_start
        low, high = self.grid.context_bounds(start, self.frames)
        # a profile belongs to a pair of frames, so that of the first one looks out of the context
        context = [self._sample(index).profile for index in range(low + 1, high)]
        profiles = [profile for profile in context if profile is not None]
        height, width = self._sample(low).image.shape[:2]
        parts = {
            stream.modality.name: self._part(
                start, stream, profiled_box(profiles, height, width, stream.crop)
            )
            for stream in self.streams
        }
        last = min(start + self.grid.span, self.frames) - 1
        corrupt = any(self._sample(i).corrupt for i in range(min(start, last), last + 1))
        self._next_start += self.grid.step
        self._forget(self._next_start - self.grid.before)
        return Snippet(start, corrupt, last, parts)

    def _part(self, start: int, stream: StreamInput, box: Box) -> _Part:
        indices = self.grid.indices(start, stream.modality, self.frames).tolist()
        flow = stream.modality.name == "flow"
        # the flow field of a sample leads to it, so a pair's field sits at its second frame
        samples = [self._sample(index) for index in (indices[1:] if flow else indices)]
        return _Part(samples, flow, box, stream.size)

    def _sample(self, index: int) -> _Sample:
        return self._samples[index - self._first]

    def _forget(self, before: int) -> None:
        while self._first < before and len(self._samples) > self.grid.context:
            self._samples.popleft()
            self._first += 1
