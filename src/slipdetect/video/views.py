"""One pass over a video for all who want frames of it, each in a size and a stretch of its own.

In: a video and ``View``s. Out: their frames, one by one; what failed, in the view that failed.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from slipdetect._io import make_folder
from slipdetect.errors import SlipdetectError, VideoError
from slipdetect.video.decoder import Rescaler
from slipdetect.video.frame import Change, Frame, Moment, VideoInfo
from slipdetect.video.reader import open_video
from slipdetect.video.timing import DEFAULT_FRAME_RATE
from slipdetect.video.writer import timed_video

_Feed = Generator[None, Frame | None, None]


class View(ABC):
    """Takes frames of a video; a subclass says which and does something with them.

    Attributes:
        start: The first seconds that are wanted.
        end: The last seconds that are wanted; may become smaller while frames are taken.
        short_side: Size of the pictures, as for ``Video.frames``.
        error: Why the view failed, or None.
    """

    start: float = 0.0
    end: float = math.inf
    short_side: int | None = None
    error: SlipdetectError | None = None

    @contextmanager
    def opened(self, info: VideoInfo) -> Iterator[None]:
        """Stay open from the first frame to the last one; a view without frames opens at the end.

        Args:
            info: What the header of the video says.
        """
        yield

    @abstractmethod
    def take(self, frame: Frame) -> None:
        """Take a frame; its picture is shared with other views, so it must not be changed."""


class Recording(View):
    """Writes what it sees as an H.264 MP4, each frame at its own time, without sound.

    Args:
        target: The file.
        short_side: Size of the pictures, as for ``Video.frames``.
        overwrite: Replace ``target``.
    """

    def __init__(self, target: Path, short_side: int | None, *, overwrite: bool = False) -> None:
        self.target = target
        self.short_side = short_side
        self._overwrite = overwrite

    @contextmanager
    def opened(self, info: VideoInfo) -> Iterator[None]:
        """Open the file, which is there once all frames have been taken."""
        rate = DEFAULT_FRAME_RATE if info.frame_rate is None else info.frame_rate
        make_folder(self.target.parent)
        with timed_video(self.target, rate, overwrite=self._overwrite) as self._add:
            yield

    def take(self, frame: Frame) -> None:
        self._add(frame.time, frame.image)


def show(source: str, views: Sequence[View], change: Change | None = None, **reading: Any) -> None:
    """Read a video once and give each view its frames; memory does not grow with its length.

    Whatever fails of a view ends that view alone. A video that cannot be read fails all of them.

    Args:
        source: The video.
        views: Those who want frames; reading ends behind the last one's end.
        change: What is done to every picture before a view gets it.
        **reading: Passed on to ``open_video``.
    """
    if not views:
        return
    try:
        video = open_video(source, **reading)
    except VideoError as error:
        for view in views:
            view.error = error
        return
    with video:
        sizes = {view.short_side: video.rescaler(view.short_side) for view in views}
        moments = (_moment(time, decoded, sizes) for time, decoded in video.timed())
        _show(moments if change is None else change(moments), video.info, views)


def _show(moments: Iterator[Moment], info: VideoInfo, views: Sequence[View]) -> None:
    waiting = sorted(views, key=lambda view: -view.start)
    showing: list[tuple[View, _Feed]] = []
    with ExitStack() as stack:

        def start() -> tuple[View, _Feed]:
            view = waiting.pop()
            feed = stack.enter_context(closing(_feed(view, info)))
            next(feed)
            return view, feed

        for moment in moments:
            time = moment.time
            while waiting and waiting[-1].start <= time:
                showing.append(start())
            for view, feed in showing:
                if time > view.end:
                    feed.send(None)
            showing = [(v, feed) for v, feed in showing if time <= v.end and v.error is None]
            if not (showing or waiting):
                break
            for view, feed in showing:
                feed.send(moment.at(view.short_side))
        for _, feed in showing:
            feed.send(None)
        while waiting:
            start()[1].send(None)


def _feed(view: View, info: VideoInfo) -> _Feed:
    """Hold a view open and hand it what is sent, until that is None or the view fails."""
    try:
        with view.opened(info):
            while (frame := (yield)) is not None:
                view.take(frame)
    except SlipdetectError as error:
        view.error = error
    while True:
        yield


def _moment(time: float, decoded: av.VideoFrame, sizes: dict[int | None, Rescaler]) -> Moment:
    """Return a decoded frame, converted once a size and only when asked."""
    return Moment(time, cache(lambda size: Frame(time, sizes[size](decoded), decoded.is_corrupt)))


def displayed(image: npt.NDArray[np.uint8], info: VideoInfo) -> npt.NDArray[np.uint8]:
    """Return ``image`` with square pixels, in the size in which players show it."""
    if image.shape[:2] == (info.height, info.width):
        return image
    import cv2

    resized = cv2.resize(image, (info.width, info.height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8)
