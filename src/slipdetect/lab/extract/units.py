"""A video as the units that its shards are made of, with the flow from each frame to the next.

In: a path and an ``ExtractionContext``. Out: units in order, one at a time in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby, islice, pairwise
from pathlib import Path
from typing import cast

from slipdetect.errors import VideoError
from slipdetect.flow import FlowExtractor
from slipdetect.lab.extract.context import ExtractionContext, OnProgress
from slipdetect.store.layout import Picture, Unit, frames_per_unit
from slipdetect.video import Frame, Video, open_video
from slipdetect.workers import AT_ONCE, Interrupted

Resize = Callable[[Picture], Picture]
_Pair = tuple[Frame, Frame | None]  # a frame and the next one


@contextmanager
def open_units(
    path: Path, context: ExtractionContext, on_progress: OnProgress
) -> Iterator[VideoUnits]:
    """Open a video, sampled and resized by the recipe.

    Raises:
        VideoError: It cannot be read.
        Interrupted: While frames are read, if that was asked for.
    """
    # the first one is not named, so that others are warned of
    with open_video(path, stream=context.recipe.stream or None) as video:
        yield VideoUnits(video, context, on_progress)


class VideoUnits:
    """An open video; its units can be taken once.

    Attributes:
        info: The header.
        report: How decoding went, final after the last unit.
        times: Seconds of every frame read so far.
        height: Rows of a stored picture.
        width: Pixels per row.
    """

    def __init__(self, video: Video, context: ExtractionContext, on_progress: OnProgress) -> None:
        self.info, self.report = video.info, video.report
        self.times: list[float] = []
        self._context = context
        self._on_progress = on_progress
        recipe = context.recipe
        frames = islice(video.frames(recipe.sample_fps, context.size.short_side), recipe.max_frames)
        self._frames = self._noted(frames)
        first = next(self._frames, None)
        if first is None:
            raise VideoError(
                f"{self.info.source!r} has no frame that can be decoded; copy it again"
            )
        self.height, self.width = self._resize(first.image).shape[:2]
        self._first = first

    def cut(self, done: Collection[int]) -> Iterator[Unit]:
        """Yield the units that are not in ``done``."""
        size = frames_per_unit(self.height, self.width)
        frames = chain([self._first], self._frames)
        return cut_units(frames, size, self._resize, self._context.extractor, done)

    def _resize(self, image: Picture) -> Picture:
        return self._context.size.apply(image, (self.info.width, self.info.height))

    def _noted(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        start, duration = self.info.start, self.info.duration
        for frame in frames:
            if self._context.stopping() == AT_ONCE:
                raise Interrupted
            self.times.append(frame.time)
            share = None if duration is None else min((frame.time - start) / duration, 1.0)
            self._on_progress(len(self.times), share)
            yield frame


def cut_units(
    frames: Iterable[Frame],
    size: int,
    resize: Resize,
    extractor: FlowExtractor | None,
    done: Collection[int],
) -> Iterator[Unit]:
    """Yield the units of a video that are not in ``done``, whose frames are read unseen.

    Neither pictures nor flow depend on ``done``.

    Args:
        frames: The frames of the video in order.
        size: Frames per unit; the last one may be shorter.
        resize: Turns a decoded picture into the stored one.
        extractor: Computes flow, or None.
        done: Indices of units that are not wanted.
    """
    # where every flow starts from the one before none can be left out
    chained = extractor is not None and extractor.recipe()["parameters"].get("use_initial_flow")
    pairs = cast("Iterator[_Pair]", pairwise(chain(frames, [None])))
    numbered = enumerate(pairs)
    for wanted, run in groupby(numbered, lambda item: chained or item[0] // size not in done):
        if wanted:
            pictures = _with_flow(run, resize, extractor)
            while members := list(islice(pictures, size)):
                first, images = members[0][0], [image for _, image, _ in members]
                if first // size not in done:
                    flows = [flow for _, _, flow in members if flow is not None]
                    yield Unit(first // size, first, images, flows)


def _with_flow(
    run: Iterable[tuple[int, _Pair]],
    resize: Resize,
    extractor: FlowExtractor | None,
) -> Iterator[tuple[int, Picture, Picture | None]]:
    """Yield numbered pictures with the flow that leads to the next; None for a video's last.

    The last flow of a run leads to the frame that follows it.
    """
    if extractor is None:
        yield from ((number, resize(frame.image), None) for number, (frame, _) in run)
        return
    waiting: deque[tuple[int, Picture]] = deque()

    def pictures() -> Iterator[Picture]:
        last = None
        for number, (frame, following) in run:
            last = following
            waiting.append((number, resize(frame.image)))
            yield waiting[-1][1]
        if last is not None:
            yield resize(last.image)

    for flow in extractor.iter(pictures()):
        yield *waiting.popleft(), extractor.quantize(flow)
    for number, picture in waiting:
        yield number, picture, None
