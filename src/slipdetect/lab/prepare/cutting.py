"""Writing pieces of a long video as clips, decoding it once.

In: a video and a plan. Out: files, and where in them the events are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect.errors import DataError
from slipdetect.lab.prepare.cut_plan import PlannedClip, Range
from slipdetect.lab.prepare.duration import TOLERANCE
from slipdetect.video import Frame, open_video, write_video

_ASSUMED_RATE = 25.0
_QUALITY = 18  # of x264: hardly more loss than the video has


@dataclass(frozen=True)
class Clipping:
    """A clip that was cut.

    Attributes:
        path: Its file.
        start: Second of the video at which it begins.
        end: Second at which it ends.
        event: (start, end) in seconds from its own begin, or None.
    """

    path: Path
    start: float
    end: float
    event: Range | None


def cut_video(
    video: Path,
    plan: Sequence[tuple[PlannedClip, Path]],
    *,
    overwrite: bool = False,
    quality: int = _QUALITY,
    on_time: Callable[[float], None] = lambda seconds: None,
) -> list[Clipping]:
    """Write each piece to its file, at the frame rate of the video.

    Args:
        video: The file.
        plan: Pieces in order of time that do not overlap, and their files.
        overwrite: Replace existing files.
        quality: Constant rate factor of x264; 0 is lossless.
        on_time: Called with the second that was reached.

    Raises:
        VideoError: The video cannot be read.
        DataError: It ends before a piece does.
        OutputError: A clip cannot be written.
    """
    made = []
    with open_video(video) as opened:
        rate = _ASSUMED_RATE if opened.info.frame_rate is None else opened.info.frame_rate
        frames = opened.frames(rate)
        position = 0
        for cut, target in plan:
            # frames whose time is in the piece, its end excluded
            first, last = (math.ceil(t * rate - 1e-6) for t in (cut.start, cut.end))
            piece = _Counted(itertools.islice(frames, first - position, last - position), on_time)
            images = iter(piece)
            image = next(images, None)
            if image is not None:
                pictures = itertools.chain([image], images)
                write_video(target, pictures, rate, overwrite=overwrite, quality=quality)
            position = first + piece.count
            if image is None or (last - position) / rate > TOLERANCE:
                target.unlink(missing_ok=True)
                raise _ends(video, cut)
            begin, end = first / rate, position / rate
            made.append(Clipping(target, begin, end, _relative(cut.event, begin, end)))
    return made


class _Counted:
    """The images of frames, counted."""

    def __init__(self, frames: Iterator[Frame], on_time: Callable[[float], None]) -> None:
        self.count = 0
        self._frames = frames
        self._on_time = on_time

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        for frame in self._frames:
            self.count += 1
            self._on_time(frame.time)
            yield frame.image


def _relative(event: Range | None, begin: float, end: float) -> Range | None:
    if event is None:
        return None
    return max(event[0] - begin, 0.0), min(event[1], end) - begin


def _ends(video: Path, cut: PlannedClip) -> DataError:
    return DataError(
        f"{str(video)!r} ends before {cut.end:.2f} s, though its header says otherwise; copy it"
        " again or correct the times"
    )
