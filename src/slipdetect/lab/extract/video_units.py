"""A video as the units that its shards are made of.

In: a path and ``Tools``. Out: units in order of time, then times and a decode report.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Self

from slipdetect.errors import VideoError
from slipdetect.lab.extract.tools import AT_ONCE, Interrupted, Progress, Tools
from slipdetect.store.units import (
    FrameQueue,
    Picture,
    Unit,
    frames_per_unit,
    make_units,
)
from slipdetect.video import open_video


class VideoUnits:
    """An open video, sampled and resized by a recipe; a context manager.

    Args:
        path: The video.
        tools: What to work with.
        on_progress: Called with frames taken and the share done in 0..1 (None: unknown).

    Raises:
        VideoError: It cannot be read.
        Interrupted: While frames are read, if that was asked for.

    Attributes:
        info: The header.
        report: How decoding went, final after the last unit.
        height: Rows of a stored picture.
        width: Pixels per row.
    """

    def __init__(self, path: Path, tools: Tools, on_progress: Progress) -> None:
        self._tools = tools
        self._on_progress = on_progress
        with ExitStack() as stack:
            video = stack.enter_context(open_video(path))
            self.info, self.report = video.info, video.report
            frames = video.frames(tools.recipe.sample_fps, tools.size.short_side)
            self._queue = FrameQueue(islice(frames, tools.recipe.max_frames), self._on_frame)
            first = self._queue.peek()
            if first is None:
                raise VideoError(f"{str(path)!r} has no frame that can be decoded; copy it again")
            self.height, self.width = self._resize(first.image).shape[:2]
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    @property
    def times(self) -> list[float]:
        """Seconds of every frame read so far."""
        return self._queue.times

    def units(self, done: Collection[int]) -> Iterator[Unit]:
        """Yield the units that are not in ``done``."""
        size = frames_per_unit(self.height, self.width)
        return make_units(self._queue, size, self._resize, self._tools.extractor, done)

    def _resize(self, image: Picture) -> Picture:
        return self._tools.size.apply(image, (self.info.width, self.info.height))

    def _on_frame(self, time: float) -> None:
        if self._tools.stopping() == AT_ONCE:
            raise Interrupted
        duration = self.info.duration
        share = None if duration is None else min(time / duration, 1.0)
        self._on_progress(self._queue.taken, share)
