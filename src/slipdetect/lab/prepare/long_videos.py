"""Long videos with marked times to rows, as they are or cut into clips.

In: ``TimedVideo``. Out: ``Prepared``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from slipdetect._io import check_writable, make_folder
from slipdetect.errors import DataError
from slipdetect.lab.prepare.cut_plan import CutRule, PlannedClip, plan_cuts, spread_cuts
from slipdetect.lab.prepare.cutting import Clipping, cut_video
from slipdetect.lab.prepare.intervals import Span, TimedVideo
from slipdetect.lab.prepare.rows import OTHER, SLIP, Prepared, Row
from slipdetect.lab.prepare.write import seconds
from slipdetect.store.names import store_key

LACKING = "negative clips for which a video has no place"
TOO_NEAR = "marked negatives too near to an event"

Watch = Callable[[TimedVideo, float], None]


def whole_rows(videos: Sequence[TimedVideo]) -> Prepared:
    """Return a row an event, or one for a video without.

    Marked negatives cannot stand in rows of their own, because a clip has one label and only
    events have times. They are kept in the column ``hard_negatives``, as ``12-14.5;30-31``; windows
    are drawn from everything in a video that is away from its events.
    """
    rows = []
    for video in videos:
        more = {"hard_negatives": _joined(video.negatives)} if video.negatives else {}
        spans: list[Span | None] = [*video.events]
        for span in spans if spans else [None]:
            rows.append(
                Row(
                    path=video.path,
                    label=SLIP if video.positive else OTHER,
                    group=video.group,
                    dataset=video.dataset,
                    split=video.split,
                    start=None if span is None else span.start,
                    end=None if span is None else span.end,
                    more=more,
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
    watch: Watch = lambda video, seconds: None,
) -> Prepared:
    """Cut clips and return a row for each; the group stays that of the video.

    Args:
        videos: Videos and their durations in seconds, see ``check_times``.
        folder: Where clips are written; made if new.
        root: Folder of the videos, on which names of clips depend.
        rule: How to cut.
        overwrite: Replace clips that exist.
        watch: Called with the video at work and the second that was reached.

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
    for video, plan in plans:
        made = cut_video(video.path, plan, overwrite=overwrite, on_time=partial(watch, video))
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


def _joined(spans: Sequence[Span]) -> str:
    return ";".join(f"{seconds(span.start)}-{seconds(span.end)}" for span in spans)
