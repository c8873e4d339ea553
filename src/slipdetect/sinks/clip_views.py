"""A clip of every event, from some seconds before it to some seconds after it.

In: a video and its events. Out: H.264 MP4s, written in one pass over the video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from slipdetect._text import plain_name, timecode
from slipdetect.errors import VideoError
from slipdetect.types import Event
from slipdetect.video import Frame, Recording, VideoInfo, VideoOptions, show
from slipdetect.video.views import displayed


@dataclass(frozen=True)
class Span:
    """A stretch with one event or several.

    Attributes:
        start: First moment, seconds, at least 0.
        end: Last moment, seconds.
        first: Start of its first event, seconds.
    """

    start: float
    end: float
    first: float


def clip_spans(events: Iterable[Event], margin: float) -> list[Span]:
    """Return the stretches from ``margin`` seconds before every event to as long after it.

    Those that touch or overlap become one, so that no second of the video is written twice.
    """
    spans: list[Span] = []
    for event in sorted(events, key=lambda event: (event.start, event.end)):
        start, end = max(event.start - margin, 0.0), event.end + margin
        if spans and start <= spans[-1].end:
            last = spans.pop()
            spans.append(Span(last.start, max(last.end, end), last.first))
        else:
            spans.append(Span(start, end, event.start))
    return spans


def clip_path(base: Path, span: Span) -> Path:
    """Return where a clip goes: ``DIR/kitchen`` at 3.2 s is ``DIR/kitchen-00-00-03.200.mp4``."""
    return base.with_name(f"{base.name}-{timecode(span.first).replace(':', '-')}.mp4")


def write_clips(
    source: str,
    events: Iterable[Event],
    base: Path,
    *,
    margin: float = 3.0,
    overwrite: Callable[[Path], bool] = lambda path: False,
    **reading: Unpack[VideoOptions],
) -> list[ClipView]:
    """Write the clips of one video; one that fails does not stop the others.

    Frames keep their distances in time and have square pixels. There is no sound.

    Args:
        source: The video.
        events: What was found in it.
        base: Folder and stem of the clips; the time of a clip's first event is added.
        margin: Seconds before and after an event; clips that meet become one.
        overwrite: Whether the file of that name may be replaced.
        **reading: As events were found with: stream, frame_rate, max_pixels, max_duration.

    Returns:
        Each clip with its ``target``, and its ``error`` where it could not be written.
    """
    views = clip_views(events, base, margin, overwrite)
    show(source, views, **reading)
    return views


def clip_views(
    events: Iterable[Event], base: Path, margin: float, overwrite: Callable[[Path], bool]
) -> list[ClipView]:
    """Return what writes each clip while the video passes; arguments as of ``write_clips``."""
    spans = clip_spans(events, margin)
    return [ClipView(span, clip_path(base, span), overwrite) for span in spans]


class ClipView(Recording):
    """Writes the frames of a stretch.

    Args:
        span: The stretch.
        target: The clip.
        overwrite: Whether it may be replaced; asked when it is opened.
    """

    def __init__(self, span: Span, target: Path, overwrite: Callable[[Path], bool]) -> None:
        super().__init__(target, None)
        self.start, self.end = span.start, span.end
        self._may_replace = overwrite
        self._empty = True

    @contextmanager
    def opened(self, info: VideoInfo) -> Iterator[None]:
        """Open the clip.

        Raises:
            VideoError: There was no frame for it.
        """
        self._info, self._overwrite = info, self._may_replace(self.target)
        with super().opened(info):
            yield
            if self._empty:
                stretch = f"{self.start:.2f} s to {self.end:.2f} s"
                raise VideoError(
                    f"no clip {str(self.target)!r}: {plain_name(info.source)!r} shows no frame "
                    f"from {stretch}"
                )

    def take(self, frame: Frame) -> None:
        self._empty = False
        super().take(replace(frame, image=displayed(frame.image, self._info)))
