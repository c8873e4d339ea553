"""Cutting a stretch of time and a part of the picture out of a video.

In: a video, a ``Cut`` and a ``SizeMode``. Out: an MP4 whose times count from the cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from slipdetect.errors import UsageError, VideoError
from slipdetect.lab.prepare.reencode import OnProgress, Reencoded, reencode
from slipdetect.lab.prepare.size_modes import Picture, SizeMode
from slipdetect.modalities.snippet import (
    MotionProfile,
    motion_box,
    motion_profile,
    moving_box,
    thumbnail,
)
from slipdetect.video import Frame, open_video

NATIVE = SizeMode("native")

_SAME_SECONDS = 1e-6
_MOTION_RATE = 10.0
_MOTION_SIDE = 120
_SMALLEST_SIDE = 2


@dataclass(frozen=True)
class Region:
    """A part of the picture in pixels of the picture as players show it."""

    left: int
    top: int
    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Region:
        """Return the region that ``"X,Y,WIDTH,HEIGHT"`` means.

        Raises:
            UsageError: It means none.
        """
        parts = text.split(",")
        try:
            region = cls(*(int(part) for part in parts))
        except (ValueError, TypeError) as error:
            raise UsageError(f"box {text[:60]!r} is not X,Y,WIDTH,HEIGHT in pixels") from error
        sides = min(region.width, region.height)
        if min(region.left, region.top) < 0 or sides < _SMALLEST_SIDE:
            raise UsageError(f"box {text[:60]!r} must begin at 0,0 or later and be 2x2 px or more")
        return region

    def __str__(self) -> str:
        return f"{self.left},{self.top},{self.width},{self.height}"

    def of(self, image: Picture) -> Picture:
        """Return this part of ``image``, (H, W, 3).

        Raises:
            UsageError: The picture ends before the region does.
        """
        height, width = image.shape[:2]
        if self.left + self.width > width or self.top + self.height > height:
            raise UsageError(f"box {self} leads out of the picture of {width}x{height} px")
        rows = slice(self.top, self.top + self.height)
        return np.ascontiguousarray(image[rows, self.left : self.left + self.width])


@dataclass(frozen=True)
class Cut:
    """What to cut out of a video.

    Attributes:
        start: First moment, seconds.
        end: First moment that does not belong to it any more, seconds; None: to the end.
        region: Part of the picture; None: all of it.
        follow_motion: Take the part in which something moves between start and end instead.

    Raises:
        UsageError: The times make no sense.
    """

    start: float = 0.0
    end: float | None = None
    region: Region | None = None
    follow_motion: bool = False

    def __post_init__(self) -> None:
        if not 0.0 <= self.start < float("inf"):
            raise UsageError(f"a cut must start at 0 s or later, not {self.start}")
        if self.end is not None and not self.start < self.end < float("inf"):
            raise UsageError(f"a cut from {self.start:g} s to {self.end} s makes no sense")

    def begun(self, time: float) -> bool:
        """Whether a frame at ``time`` seconds is not before the cut."""
        return time >= self.start - _SAME_SECONDS

    def over(self, time: float) -> bool:
        """Whether a frame at ``time`` seconds is behind the cut."""
        return self.end is not None and time >= self.end - _SAME_SECONDS


def trim(
    source: Path,
    target: Path,
    cut: Cut,
    size: SizeMode = NATIVE,
    *,
    overwrite: bool = False,
    on_progress: OnProgress = lambda seconds, duration: None,
) -> Reencoded:
    """Write one stretch and one part of a video; frames keep their distances in time.

    Args:
        source: A video.
        target: The new file, ``.mp4``.
        cut: When and where.
        size: Size of the pictures, after the region was cut out.
        overwrite: Replace ``target``.
        on_progress: See ``reencode``.

    Raises:
        VideoError: ``source`` cannot be read or shows nothing at that time.
        UsageError: The region leads out of the picture.
    """
    region = cut.region
    odd: tuple[str, ...] = ()
    if cut.follow_motion:
        region = moving_region(source, cut)
        if region is None:
            odd = ("nothing moves in the cut, so the whole picture is kept",)
    written = reencode(
        source,
        target,
        lambda frames: _cut_out(frames, cut, region, size, source),
        overwrite=overwrite,
        on_progress=on_progress,
    )
    return replace(written, warnings=(*written.warnings, *odd))


def moving_region(source: Path, cut: Cut) -> Region | None:
    """Return the part of the picture in which something moves during the cut.

    It is the square of ``motion_box`` around all motion of the cut, as far as it lies in the
    picture; None if nothing moves.

    Raises:
        VideoError: ``source`` cannot be read.
    """
    with open_video(source) as video:
        width, height = video.info.width, video.info.height
        columns = rows = np.zeros(1, np.float32)
        previous = None
        small = (0, 0)
        for frame in video.frames(_MOTION_RATE, _MOTION_SIDE):
            if cut.over(frame.time):
                break
            if not cut.begun(frame.time):
                continue
            current = thumbnail(frame.image)
            if previous is not None:
                profile = motion_profile(previous, current)
                columns, rows = columns + profile.columns, rows + profile.rows
            previous, small = current, (frame.image.shape[0], frame.image.shape[1])
    moved = [MotionProfile(columns, rows)]
    if moving_box(moved) is None:
        return None
    box, scale = motion_box(moved, *small), width / small[1]
    left, top = max(0, round(box.left * scale)), max(0, round(box.top * scale))
    right = min(width, round((box.left + box.side) * scale))
    bottom = min(height, round((box.top + box.side) * scale))
    return Region(left, top, right - left, bottom - top)


def _cut_out(
    frames: Iterable[Frame], cut: Cut, region: Region | None, size: SizeMode, source: Path
) -> Iterator[Frame]:
    last = 0.0
    empty = True
    for frame in frames:
        if cut.over(frame.time):
            break
        last = frame.time
        if cut.begun(last):
            empty = False
            image = frame.image if region is None else region.of(frame.image)
            yield Frame(last, size.apply(image), frame.corrupt)
    if empty:
        until = "its end" if cut.end is None else f"{cut.end:g} s"
        raise VideoError(
            f"{str(source)!r} shows no frame from {cut.start:g} s to {until}; the last one before"
            f" is at {last:.2f} s"
        )
