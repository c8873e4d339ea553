"""Cutting snippets out of the frames of a segment, and what moves around each.

In: sampled frames, a schedule. Out: ``Snippet``s, cut when a network asks for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from slipdetect.detection.schedule import Place, Schedule
from slipdetect.modalities.snippet import (
    Box,
    MotionProfile,
    Sample,
    SnippetPart,
    StreamInput,
    motion_profile,
    moving_box,
    profiled_box,
    thumbnail,
)
from slipdetect.types import person
from slipdetect.video import Frame

T = TypeVar("T")
Image = npt.NDArray[np.uint8]

# turns pictures into the n - 1 quantized flows between them, each (H, W, 2)
FlowSource = Callable[[Iterator[Image]], Iterator[Image]]


@dataclass(frozen=True, eq=False)
class Snippet:
    """One snippet of every stream, cut when it is asked for: many are never computed."""

    place: Place
    corrupt: bool  # one of its frames was damaged
    parts: Mapping[str, SnippetPart]  # by modality
    moving: person.Box | None = None  # what moves around it; None: nothing, or nobody looks

    def views(self, modality: str) -> Image:
        """Return the input of one stream's network, ``(views, images, S, S, C)`` uint8."""
        return self.parts[modality].views()


class SnippetCutter:
    """Cuts the snippets of a schedule out of the frames of one segment.

    Args:
        schedule: Where snippets lie.
        streams: What is cut at each place.
        flow: Where flow comes from, where a stream wants it.
        locate: Say what moves also where no stream is cropped to it.
    """

    def __init__(
        self,
        schedule: Schedule,
        streams: Sequence[StreamInput],
        flow: FlowSource | None = None,
        locate: bool = False,
    ) -> None:
        self._layout = schedule.layout()
        self._streams = streams
        self._flow = flow
        self._motion = locate or any(stream.crop == "motion" for stream in streams)
        self._thumbnail: npt.NDArray[np.float32] | None = None  # of the last frame
        self._samples: deque[Sample] = deque()
        self._first = 0

    @property
    def frames(self) -> int:
        """Frames taken so far."""
        return self._first + len(self._samples)

    def cut(self, frames: Iterable[Frame]) -> Iterator[Snippet]:
        """Yield the snippets of ``frames``; fewer than one needs give one, padded."""
        for frame, flow in self._with_flow(frames):
            self._take(frame, flow)
            yield from self._due(ended=False)
        if self.frames:
            yield from self._due(ended=True)

    def _with_flow(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, Image | None]]:
        """Yield every frame with the flow that leads to it; still at the start."""
        if self._flow is None:
            yield from ((frame, None) for frame in frames)
            return
        own, copied = _twice(frames)
        fields = self._flow(frame.image for frame in copied)
        for index, frame in enumerate(own):
            still = None if index else np.full((*frame.image.shape[:2], 2), 128, np.uint8)
            yield frame, next(fields) if still is None else still

    def _take(self, frame: Frame, flow: Image | None) -> None:
        sample = Sample(frame, flow)
        if self._motion:
            before, self._thumbnail = self._thumbnail, thumbnail(frame.image)
            if before is not None:
                sample.profile = motion_profile(before, self._thumbnail)
        self._samples.append(sample)

    def _due(self, ended: bool) -> Iterator[Snippet]:
        for place in self._layout.places(self.frames, ended):
            snippet = self._snippet(place)
            while self._first < self._layout.oldest and len(self._samples) > self._layout.context:
                self._samples.popleft()
                self._first += 1
            yield snippet

    def _snippet(self, place: Place) -> Snippet:
        boxes: dict[tuple[str, int, int], Box] = {}
        moving = None
        parts = {}
        for stream in self._streams:
            grid, start = place.starts[stream.modality.name]
            indices = grid.indices(start, stream.modality, self.frames).tolist()
            # the flow field of a sample leads to it, so a pair's field sits at its second frame
            indices = indices[1:] if stream.modality.name == "flow" else indices
            seen = (stream.crop, *grid.context_bounds(start, self.frames))
            if seen not in boxes:
                profiles = self._profiles(*seen[1:])
                height, width = self._sample(seen[1]).frame.image.shape[:2]
                boxes[seen] = profiled_box(profiles, height, width, stream.crop)
                moving = moving_box(profiles) if moving is None else moving
            samples = [self._sample(index) for index in indices]
            parts[stream.modality.name] = SnippetPart(samples, stream, boxes[seen])
        read = range(min(place.first, place.last), place.last + 1)
        return Snippet(place, any(self._sample(i).frame.corrupt for i in read), parts, moving)

    def _profiles(self, low: int, high: int) -> list[MotionProfile]:
        # a profile belongs to a pair of frames, so that of the first one looks out of the context
        context = [self._sample(index).profile for index in range(low + 1, high)]
        return [each for each in context if each is not None]

    def _sample(self, index: int) -> Sample:
        return self._samples[index - self._first]


def _twice(items: Iterable[T]) -> tuple[Iterator[T], Iterator[T]]:
    """Return two iterators over the same items, each of which is kept until both have it.

    ``itertools.tee`` keeps up to 57 more, which are seconds of pictures.
    """
    source = iter(items)
    mine: deque[T] = deque()
    others: deque[T] = deque()

    def each(queue: deque[T], other: deque[T]) -> Iterator[T]:
        while True:
            if queue:
                yield queue.popleft()
                continue
            try:
                item = next(source)
            except StopIteration:
                return
            other.append(item)
            yield item

    return each(mine, others), each(others, mine)
