"""Long videos with marked times to rows, as they are or cut into clips.

In: ``TimedVideo``s, a plan of cuts. Out: ``Prepared``; clips, and where in them the events are.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from slipdetect._io import output_files
from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import AnnotationLine
from slipdetect.lab.data.times import ASSUMED_RATE, TOLERANCE
from slipdetect.lab.prepare.cut_plan import CutRule, PlannedClip, Range, plan_cuts, spread_cuts
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row, seconds
from slipdetect.lab.prepare.size_modes import Picture
from slipdetect.store.names import store_key
from slipdetect.video import Frame, open_video, write_video
from slipdetect.video.frame import GAP_SECONDS

LACKING = "negative clips for which a video has no place"
TOO_NEAR = "marked negatives too near to an event"

_SAME_SECONDS = 1e-6
_QUALITY = 18  # of x264: hardly more loss than the video has

OnProgress = Callable[[int, float], None]


def row_of(line: AnnotationLine) -> Row:
    """Return a row of a table of times as one of an annotation file."""
    start, end = (None, None) if line.span is None else (line.span.start, line.span.end)
    row = Row(line.path, SLIP if line.positive else OTHER, line.group, line.dataset, line.split)
    return replace(row, start=start, end=end, where=line.where)


def cut_rows(
    videos: Sequence[tuple[Sequence[AnnotationLine], float]],
    folder: Path,
    root: Path,
    rule: CutRule,
    *,
    overwrite: bool = False,
    on_progress: OnProgress = lambda index, share: None,
) -> Prepared:
    """Cut clips and return a row for each; the group stays that of the video.

    Args:
        videos: Rows of each video in order of time and its duration in seconds, see
            ``check_times``.
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
    lengths = [end - start for lines, _ in videos for start, end in _spans(lines, positive=True)]
    usual = rule.before + rule.after + (statistics.median(lengths) if lengths else 1.0)
    plans = []
    for lines, duration in videos:
        cuts = _cuts(lines, duration, rule, usual, prepared)
        plans.append((lines[0], _named(cuts, folder / store_key(lines[0].path, root))))
    names = [path.name for _, plan in plans for _, path in plan]
    output_files(folder, names, overwrite=overwrite)
    for index, ((video, plan), (_, duration)) in enumerate(zip(plans, videos, strict=True)):

        def show(time: float, index: int = index, duration: float = duration) -> None:
            on_progress(index, min(time / duration, 1.0))

        made = cut_video(video.path, plan, overwrite=overwrite, on_time=show)
        prepared.rows += [_clip_row(video, clip, path) for clip, path in made]
    return prepared


def _clip_row(video: AnnotationLine, clip: PlannedClip, path: Path) -> Row:
    start, end = (None, None) if clip.event is None else (t - clip.start for t in clip.event)
    source = {"source_start": seconds(clip.start), "source_end": seconds(clip.end)}
    return replace(
        row_of(video),
        path=path,
        label=OTHER if clip.event is None else SLIP,
        start=start,
        end=end,
        more={"source": video.name, **source},
    )


def _cuts(
    lines: Sequence[AnnotationLine],
    duration: float,
    rule: CutRule,
    usual: float,
    prepared: Prepared,
) -> Sequence[PlannedClip]:
    first = lines[0]
    if first.span is None and first.positive:
        raise DataError(
            f"{first.where}: {first.name!r} shows a slip, but not when; give start and end, or"
            " leave --cut out"
        )
    if first.span is None:
        return spread_cuts(duration, usual, rule.negatives)
    events, marked = (_spans(lines, positive=positive) for positive in (True, False))
    plan = plan_cuts(duration, events, marked, rule)
    prepared.left_out.add(LACKING, [first.name] * plan.lacking)
    prepared.left_out.add(TOO_NEAR, [first.name] * plan.too_near)
    return plan.cuts


def _spans(lines: Sequence[AnnotationLine], *, positive: bool) -> list[Range]:
    wanted = [line.span for line in lines if line.span and line.positive == positive]
    return [(span.start, span.end) for span in wanted]


def _named(cuts: Sequence[PlannedClip], stem: Path) -> list[tuple[PlannedClip, Path]]:
    named, counts = [], {SLIP: 0, OTHER: 0}
    for cut in cuts:
        label = OTHER if cut.event is None else SLIP
        counts[label] += 1
        named.append((cut, stem.with_name(f"{stem.name}_{label}{counts[label]:03d}.mp4")))
    return named


def cut_video(
    video: Path,
    plan: Sequence[tuple[PlannedClip, Path]],
    *,
    overwrite: bool = False,
    quality: int = _QUALITY,
    on_time: Callable[[float], None] = lambda seconds: None,
) -> list[tuple[PlannedClip, Path]]:
    """Write each piece to its file, at the frame rate of the video; return them as they became.

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
        frames = _Pieces(opened.frames(rate), rate, repr(str(video)), on_time)
        for cut, target in plan:
            pictures = frames.pictures(cut)
            write_video(target, pictures, rate, overwrite=overwrite, quality=quality)
            begin, end, event = frames.first, frames.end, cut.event
            if event is not None:
                event = max(event[0], begin), min(event[1], end)
            made.append((PlannedClip(begin, end, event), target))
    return made


class _Pieces:
    """Frames in order, given out in pieces; the next one is known before it is taken.

    Attributes:
        first: Seconds of the first frame of the piece.
        last: Seconds of the last frame taken; infinite before the first, where there is no gap.
    """

    def __init__(
        self, frames: Iterator[Frame], rate: float, name: str, on_time: Callable[[float], None]
    ) -> None:
        self.first = self.last = math.inf
        self._frames = frames
        self._next = next(frames, None)
        self._step = 1 / rate
        self._name = name
        self._on_time = on_time

    @property
    def end(self) -> float:
        """When the last frame taken ends, seconds."""
        return self.last + self._step

    def pictures(self, cut: PlannedClip) -> Iterator[Picture]:
        """Yield the pictures of a piece, which must have no gap and end with it."""
        for _ in self._until(cut.start):
            pass
        before, self.first = self.last, math.inf
        for frame in self._until(cut.end):
            late = self.first < math.inf or frame.time - cut.start > TOLERANCE
            if late and frame.time - before > GAP_SECONDS:
                raise DataError(
                    f"{self._name} has a gap between {cut.start:.2f} s and {cut.end:.2f} s; mark "
                    "what lies before and behind it by itself"
                )
            self.first = min(self.first, frame.time)
            before = frame.time
            self._on_time(frame.time)
            yield frame.image
        if self.first == math.inf or cut.end - self.end > TOLERANCE:
            raise DataError(
                f"{self._name} ends before {cut.end:.2f} s, though its header says otherwise; copy"
                " it again or correct the times"
            )

    def _until(self, end: float) -> Iterator[Frame]:
        """Yield what is before ``end`` seconds."""
        while self._next is not None and self._next.time < end - _SAME_SECONDS:
            frame, self._next = self._next, next(self._frames, None)
            self.last = frame.time
            yield frame
