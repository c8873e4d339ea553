"""A clip of every event, from some seconds before it to some seconds behind it.

In: a video and its events. Out: H.264 MP4s, written in one pass over the video.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipdetect._io import make_folder
from slipdetect.alerts.spans import Span, clip_spans
from slipdetect.datasets.rewriting import displayed
from slipdetect.errors import OutputError, SlipdetectError, VideoError
from slipdetect.reports.names import plain_name
from slipdetect.reports.timecode import timecode
from slipdetect.types import Event
from slipdetect.video import Frame, Video, open_video, write_timed_video
from slipdetect.video.clock import DEFAULT_FRAME_RATE

Target = Callable[[Span], Path]


@dataclass
class Clips:
    """What became of the clips of one video.

    Attributes:
        written: The new files.
        errors: Why a clip is missing, one for each.
    """

    written: list[Path] = field(default_factory=list)
    errors: list[SlipdetectError] = field(default_factory=list)


def clip_path(base: Path, span: Span) -> Path:
    """Return where a clip goes: ``DIR/kitchen`` at 3.2 s is ``DIR/kitchen-00-00-03.200.mp4``."""
    return base.with_name(f"{base.name}-{timecode(span.first).replace(':', '-')}.mp4")


def write_clips(
    source: str,
    events: Sequence[Event],
    base: Path,
    *,
    margin: float = 3.0,
    overwrite: Callable[[Path], bool] = lambda path: False,
    **reading: Any,
) -> Clips:
    """Write the clips of one video; one that fails does not stop the others.

    Frames keep their distances in time and have square pixels. There is no sound.

    Args:
        source: The video.
        events: What was found in it.
        base: Folder and stem of the clips; the time of a clip's first event is added.
        margin: Seconds before and behind an event; clips that meet become one.
        overwrite: Whether the file of that name may be replaced.
        **reading: As events were found with: stream, frame_rate, max_pixels, max_duration.
    """
    spans = clip_spans(events, margin)
    clips = Clips()
    if not spans:
        return clips
    try:
        make_folder(base.parent)
        with open_video(source, **reading) as video:
            passing = _Passing(video, spans)
            for span in spans:
                _write(passing, span, clip_path(base, span), overwrite, clips)
    except SlipdetectError as error:
        missing = len(spans) - len(clips.written) - len(clips.errors)
        clips.errors.extend([error] * missing)
    return clips


def _write(
    passing: _Passing, span: Span, target: Path, overwrite: Callable[[Path], bool], clips: Clips
) -> None:
    try:
        frames = ((frame.time, frame.image) for frame in passing.take(span))
        write_timed_video(target, frames, passing.rate, overwrite=overwrite(target))
    except OutputError as error:
        clips.errors.append(error)
    except VideoError as error:
        clips.errors.append(VideoError(f"no clip {str(target)!r}: {error}"))
    else:
        clips.written.append(target)


class _Passing:
    """The frames of a video as they pass, handed out stretch by stretch."""

    def __init__(self, video: Video, spans: Sequence[Span]) -> None:
        info = video.info
        self._name = plain_name(info.source)
        self._info = info
        self.rate = DEFAULT_FRAME_RATE if info.frame_rate is None else info.frame_rate
        self._frames = video.frames(during=[(span.start, span.end) for span in spans])
        self._ahead: Frame | None = None

    def take(self, span: Span) -> Iterator[Frame]:
        """Yield the frames of a stretch; those before it are gone afterwards.

        Raises:
            VideoError: There is none.
        """
        empty = True
        while (frame := self._next()) is not None:
            if frame.time > span.end:
                self._ahead = frame
                break
            if frame.time >= span.start:
                empty = False
                yield Frame(frame.time, displayed(frame.image, self._info), frame.corrupt)
        if empty:
            raise VideoError(
                f"{self._name!r} shows no frame from {span.start:.2f} s to {span.end:.2f} s"
            )

    def _next(self) -> Frame | None:
        frame, self._ahead = self._ahead, None
        return next(self._frames, None) if frame is None else frame
