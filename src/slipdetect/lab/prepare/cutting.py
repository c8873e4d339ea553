"""Long videos with marked times to rows, as they are or cut into clips.

In: ``TimedVideo``s, a plan of cuts. Out: ``Prepared``; clips, and where in them the events are.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from slipdetect._io import check_writable, make_folder
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import Span
from slipdetect.lab.data.times import ASSUMED_RATE, TOLERANCE
from slipdetect.lab.prepare.cut_plan import (
    CutRule,
    PlannedClip,
    Range,
    TimedVideo,
    plan_cuts,
    spread_cuts,
)
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row, seconds
from slipdetect.store.names import store_key
from slipdetect.video import Frame, open_video, write_video
from slipdetect.video.frame import GAP_SECONDS

LACKING = "negative clips for which a video has no place"
TOO_NEAR = "marked negatives too near to an event"

_SAME_SECONDS = 1e-6
_QUALITY = 18  # of x264: hardly more loss than the video has

OnProgress = Callable[[int, float], None]


def whole_rows(videos: Sequence[TimedVideo]) -> Prepared:
    """Return a row a marked time, or one for a video without."""
    rows = []
    for video in videos:
        spans: list[Span | None] = [*video.spans]
        for span in spans if spans else [None]:
            rows.append(
                Row(
                    path=video.path,
                    label=SLIP if (video if span is None else span).positive else OTHER,
                    group=video.group,
                    dataset=video.dataset,
                    split=video.split,
                    start=None if span is None else span.start,
                    end=None if span is None else span.end,
                )
            )
    return Prepared(rows)


def cut_rows(
    videos: Sequence[tuple[TimedVideo, float]],
    folder: Path,
    root: Path,
    rule: CutRule,
    *,
    overwrite: bool = False,
    on_progress: OnProgress = lambda index, share: None,
) -> Prepared:
    """Cut clips and return a row for each; the group stays that of the video.

    Args:
        videos: Videos and their durations in seconds, see ``check_times``.
        folder: Where clips are written; made if new.
        root: Folder of the videos, on which names of clips depend.
        rule: How to cut.
        overwrite: Replace clips that exist.
        on_progress: Called with the number of the video at work and the share of it that is done.

    Raises:
        DataError: An event has no times, or a video ends before its header says.
        OutputError: A clip exists or cannot be written.
    """
    prepared = Prepared([])
    lengths = [span.end - span.start for video, _ in videos for span in video.events]
    usual = rule.before + rule.after + (statistics.median(lengths) if lengths else 1.0)
    plans = []
    for video, duration in videos:
        cuts = _cuts(video, duration, rule, usual, prepared)
        plans.append((video, _named(cuts, folder / store_key(video.path, root))))
    _check_targets(folder, [path for _, plan in plans for _, path in plan], overwrite)
    for index, ((video, plan), (_, duration)) in enumerate(zip(plans, videos, strict=True)):

        def show(time: float, index: int = index, duration: float = duration) -> None:
            on_progress(index, min(time / duration, 1.0))

        made = cut_video(video.path, plan, overwrite=overwrite, on_time=show)
        prepared.rows += [_clip_row(video, clip) for clip in made]
    return prepared


def _clip_row(video: TimedVideo, clip: Clipping) -> Row:
    start, end = (None, None) if clip.event is None else clip.event
    return Row(
        path=clip.path,
        label=OTHER if clip.event is None else SLIP,
        group=video.group,
        dataset=video.dataset,
        split=video.split,
        start=start,
        end=end,
        more={
            "source": video.name,
            "source_start": seconds(clip.start),
            "source_end": seconds(clip.end),
        },
    )


def _cuts(
    video: TimedVideo, duration: float, rule: CutRule, usual: float, prepared: Prepared
) -> Sequence[PlannedClip]:
    if video.positive and not video.events:
        raise DataError(
            f"{video.where}: {video.name!r} shows a slip, but not when; give start and end, or"
            " leave --cut out"
        )
    if not video.spans:
        return spread_cuts(duration, usual, rule.negatives)
    events, marked = (
        [(s.start, s.end) for s in spans] for spans in (video.events, video.negatives)
    )
    plan = plan_cuts(duration, events, marked, rule)
    prepared.left_out.add(LACKING, [video.name] * plan.lacking)
    prepared.left_out.add(TOO_NEAR, [video.name] * plan.too_near)
    return plan.cuts


def _named(cuts: Sequence[PlannedClip], stem: Path) -> list[tuple[PlannedClip, Path]]:
    named, counts = [], {SLIP: 0, OTHER: 0}
    for cut in cuts:
        label = OTHER if cut.event is None else SLIP
        counts[label] += 1
        named.append((cut, stem.with_name(f"{stem.name}_{label}{counts[label]:03d}.mp4")))
    return named


def _check_targets(folder: Path, targets: Sequence[Path], overwrite: bool) -> None:
    make_folder(folder)
    for target in targets:
        check_writable(target, overwrite=overwrite)


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
        rate = ASSUMED_RATE if opened.info.frame_rate is None else opened.info.frame_rate
        frames = _Ahead(opened.frames(rate))
        for cut, target in plan:
            frames.pass_by(cut.start)
            before = frames.last
            piece = _Counted(frames.until(cut.end), on_time)
            images = iter(piece)
            image = next(images, None)
            if image is not None:
                pictures = itertools.chain([image], images)
                write_video(target, pictures, rate, overwrite=overwrite, quality=quality)
            end = piece.last + 1 / rate
            if image is None or cut.end - end > TOLERANCE:
                target.unlink(missing_ok=True)
                raise _ends(video, cut)
            late = piece.first - cut.start > TOLERANCE
            if piece.has_gap or (late and piece.first - before > GAP_SECONDS):
                target.unlink(missing_ok=True)
                raise DataError(
                    f"{str(video)!r} has a gap between {cut.start:.2f} s and {cut.end:.2f} s; mark "
                    "what lies before and behind it by itself"
                )
            made.append(Clipping(target, piece.first, end, _relative(cut.event, piece.first, end)))
    return made


class _Ahead:
    """Frames in order, the next of which is known before it is taken.

    Attributes:
        last: Seconds of the last one taken; infinite before the first, where there is no gap.
    """

    def __init__(self, frames: Iterator[Frame]) -> None:
        self.last = math.inf
        self._frames = frames
        self._next = next(frames, None)

    def pass_by(self, start: float) -> None:
        """Leave out what is before ``start`` seconds."""
        for _ in self.until(start):
            pass

    def until(self, end: float) -> Iterator[Frame]:
        """Yield what is before ``end`` seconds."""
        while self._next is not None and self._next.time < end - _SAME_SECONDS:
            frame, self._next = self._next, next(self._frames, None)
            self.last = frame.time
            yield frame


class _Counted:
    """The images of frames, with the seconds of the first and the last one taken."""

    def __init__(self, frames: Iterator[Frame], on_time: Callable[[float], None]) -> None:
        self.first = self.last = -1.0
        self.has_gap = False
        self._frames = frames
        self._on_time = on_time

    def __iter__(self) -> Iterator[npt.NDArray[np.uint8]]:
        for frame in self._frames:
            self.first = frame.time if self.first < 0 else self.first
            self.has_gap |= frame.time - max(self.last, self.first) > GAP_SECONDS
            self.last = frame.time
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
