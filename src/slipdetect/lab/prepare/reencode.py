"""Videos written again, frame by frame, each frame at its own time.

In: a video and what becomes of its frames. Out: an MP4 and a ``Reencoded`` about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slipdetect.errors import OutputError
from slipdetect.lab.prepare.size_modes import SizeMode
from slipdetect.video import Frame, Video, open_video, write_timed_video, write_video
from slipdetect.video.timing import DEFAULT_FRAME_RATE
from slipdetect.video.views import displayed

OnProgress = Callable[[float, float | None], None]
Change = Callable[[Iterator[Frame]], Iterable[Frame]]


@dataclass(frozen=True)
class Reencoded:
    """What was written.

    Attributes:
        target: The new file.
        read: Frames that were read.
        written: Frames that were written.
        start: Time in the old video of the first frame written, seconds.
        end: Time in the old video at which the last frame written ends, seconds.
        size: (width, height) px of the new pictures.
        warnings: What was odd about the old video, one line each.
    """

    target: Path
    read: int
    written: int
    start: float
    end: float
    size: tuple[int, int]
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        width, height = self.size
        return (
            f"{str(self.target)!r}: {self.written} of {self.read} frames, "
            f"{self.start:.2f} s to {self.end:.2f} s, {width}x{height} px"
        )


def reencode(
    source: Path,
    target: Path,
    change: Change,
    *,
    constant_rate: bool = False,
    overwrite: bool = False,
    on_progress: OnProgress = lambda seconds, duration: None,
) -> Reencoded:
    """Write what ``change`` makes of the frames of ``source``, at their times in ``source``.

    Frames have square pixels and the size at which players show the video. The first one written
    is at 0 s.

    Args:
        source: A video.
        target: The new file, ``.mp4``; never ``source`` itself.
        change: Takes the frames and gives some of them back, in order, of any one size.
        constant_rate: Number the frames anew at the usual rate of ``source`` instead.
        overwrite: Replace ``target``.
        on_progress: Called with the time read and the duration in the header, seconds.

    Raises:
        VideoError: ``source`` cannot be read.
        OutputError: ``target`` cannot be written, or is ``source``.
    """
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputError(f"{str(target)!r} would be written over itself; choose another folder")
    with open_video(source) as video:
        rate = video.info.frame_rate
        rate = DEFAULT_FRAME_RATE if rate is None else rate
        passed = _Passed()
        frames = passed.note(change(passed.read_from(video, on_progress)))
        if constant_rate:
            write_video(target, (frame.image for frame in frames), rate, overwrite=overwrite)
        else:
            timed = ((frame.time, frame.image) for frame in frames)
            write_timed_video(target, timed, rate, overwrite=overwrite)
        return Reencoded(
            target,
            passed.read,
            passed.written,
            passed.start,
            passed.last + 1 / rate,
            passed.size,
            tuple(video.report.warnings),
        )


def resized(frames: Iterable[Frame], size: SizeMode) -> Iterator[Frame]:
    """Yield frames in another size (Fig. 4 of the 2020 report: mode ``course2020``)."""
    for frame in frames:
        yield Frame(frame.time, size.apply(frame.image), frame.corrupt)


class _Passed:
    """Counts what goes into a change and what comes out of it."""

    def __init__(self) -> None:
        self.read = self.written = 0
        self.start = self.last = 0.0
        self.size = (0, 0)

    def read_from(self, video: Video, on_progress: OnProgress) -> Iterator[Frame]:
        for frame in video.frames():
            on_progress(frame.time, video.info.end)
            self.read += 1
            yield Frame(frame.time, displayed(frame.image, video.info), frame.corrupt)

    def note(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        for frame in frames:
            if self.written == 0:
                self.start = frame.time
                self.size = (frame.image.shape[1], frame.image.shape[0])
            self.written += 1
            self.last = frame.time
            yield frame
