"""Cutting a stream of frames into shards, with the flow from each frame to the next.

In: frames in order. Out: ``Unit``s of neighboring frames and flows, one at a time in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from slipdetect.flow import FlowExtractor
    from slipdetect.video import Frame

Picture = npt.NDArray[np.uint8]
Resize = Callable[[Picture], Picture]

MAX_FRAMES = 64
_MAX_BYTES = 64 * 2**20


Read = Callable[[str], bytes]  # the content of a file of the store, by its name


@dataclass
class Unit:
    """The content of a shard.

    Attributes:
        index: Number of the shard, from 0.
        first: Number of its first frame, from 0.
        images: (H, W, 3) uint8 RGB each.
        flows: (2, H, W) uint8 quantized each; flow i leads from frame i to frame i + 1.
    """

    index: int
    first: int
    images: list[Picture] = field(default_factory=list)
    flows: list[Picture] = field(default_factory=list)


def frames_per_unit(height: int, width: int) -> int:
    """Return how many frames of a size make a shard, so that it stays small in memory."""
    return max(1, min(MAX_FRAMES, _MAX_BYTES // (height * width * 5)))


class FrameQueue:
    """Frames one by one, with a look at the next; keeps the times of those taken.

    Args:
        frames: Frames in order.
        on_frame: Called after every frame taken with its time in seconds.
    """

    def __init__(self, frames: Iterator[Frame], on_frame: Callable[[float], None]) -> None:
        self._frames = frames
        self._on_frame = on_frame
        self._next = next(frames, None)
        self.times: list[float] = []

    @property
    def taken(self) -> int:
        """Number of frames taken."""
        return len(self.times)

    def peek(self) -> Frame | None:
        """Return the next frame and leave it in the queue; None at the end."""
        return self._next

    def take(self) -> Frame:
        """Return the next frame.

        Raises:
            IndexError: There is none.
        """
        frame = self._next
        if frame is None:
            raise IndexError("no more frames")
        self._next = next(self._frames, None)
        self.times.append(frame.time)
        self._on_frame(frame.time)
        return frame


def make_units(
    queue: FrameQueue,
    size: int,
    resize: Resize,
    extractor: FlowExtractor | None,
    done: Collection[int],
) -> Iterator[Unit]:
    """Yield the units of a video that are not in ``done``, whose frames are taken unseen.

    Neither pictures nor flow depend on ``done``.

    Args:
        queue: The frames of the video, none of them taken yet.
        size: Frames per unit; the last one may be shorter.
        resize: Turns a decoded picture into the stored one.
        extractor: Computes flow, or None.
        done: Indices of units that are not wanted.
    """
    if extractor is not None and extractor.recipe()["parameters"].get("use_initial_flow"):
        # every flow starts from the one before, so that none can be left out
        run = _run(queue, size, resize, extractor, 0, None)
        yield from (unit for unit in run if unit.index not in done)
        return
    while queue.peek() is not None:
        index = queue.taken // size
        if index in done:
            for _ in range(size):
                if queue.peek() is not None:
                    queue.take()
        else:
            end = min((number for number in done if number > index), default=None)
            yield from _run(queue, size, resize, extractor, index, end)


def _run(
    queue: FrameQueue,
    size: int,
    resize: Resize,
    extractor: FlowExtractor | None,
    begin: int,
    end: int | None,
) -> Iterator[Unit]:
    """Yield units ``begin`` up to ``end``, or up to the last frame."""
    waiting: deque[Picture] = deque()
    stop = None if end is None else end * size
    pictures = _feed(queue, resize, waiting, stop, beyond=extractor is not None)
    unit = Unit(begin, begin * size)
    for flow in _flows(pictures, extractor):
        unit.images.append(waiting.popleft())
        if flow is not None:
            unit.flows.append(flow)
        if len(unit.images) == size:
            yield unit
            unit = Unit(unit.index + 1, unit.first + size)
    # the last frame of a video leads to no other
    unit.images.extend(waiting)
    if unit.images:
        yield unit


def _feed(
    queue: FrameQueue, resize: Resize, waiting: deque[Picture], stop: int | None, *, beyond: bool
) -> Iterator[Picture]:
    """Yield pictures up to frame ``stop``, noted in ``waiting``; then one ``beyond`` if there is.

    The last flow of a unit leads to that one, which the next unit begins with.
    """
    while (stop is None or queue.taken < stop) and queue.peek() is not None:
        picture = resize(queue.take().image)
        waiting.append(picture)
        yield picture
    following = queue.peek()
    if beyond and following is not None:
        yield resize(following.image)


def _flows(
    pictures: Iterator[Picture], extractor: FlowExtractor | None
) -> Iterator[Picture | None]:
    """Yield a quantized flow per pair of pictures; without an extractor None per picture."""
    if extractor is None:
        yield from (None for _ in pictures)
        return
    for flow in extractor.iter(pictures):
        yield extractor.quantize(flow)
