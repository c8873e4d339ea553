"""``slipdetect prepare trim | resize | dedup | frames``: videos made of videos or of pictures.

In: files, folders, lists. Out: MP4 files, and an exit code; none that fails stops the others.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import make_folder
from slipdetect._text import printable, shorten
from slipdetect.cli.batch import Tally
from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.errors import report_one
from slipdetect.cli.options import common_options
from slipdetect.cli.sources import expand
from slipdetect.cli.typed_options import FOLDER, PATH, POSITIVE, Number, option, with_settings
from slipdetect.errors import OutputError, UsageError

if TYPE_CHECKING:
    from slipdetect.lab.prepare.reencode import Reencoded
    from slipdetect.lab.prepare.trimming import Cut

_NAME_COLUMNS = 40
_SIZES = "course2020 (342x256, portrait padded), short:256 or letterbox:342x256."
_BREAKS_TIME = (
    "--renumber breaks time: frames that were dropped shorten the video, so that people move "
    "faster than they did, and event times no longer fit"
)

_sources = click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=FILE_NAME)
_out = click.option(
    "--out", type=FOLDER, required=True, help="Folder of the new videos; made if new."
)
_overwrite = click.option("--overwrite", is_flag=True, help="Replace files that are there.")


@dataclass(frozen=True)
class _Task:
    """One video to write: the old file, the new one, and what takes ``overwrite, on_progress``."""

    source: Path
    target: Path
    work: Callable[..., Reencoded]


@dataclass(frozen=True, kw_only=True)
class TrimSettings:
    """The options of ``prepare trim``."""

    start: float | None = option(
        type=float, help="First moment, seconds.  [default: the beginning]"
    )
    end: float | None = option(type=float, help="Up to this moment, seconds.  [default: the end]")
    box: str | None = option(
        metavar="X,Y,W,H|auto",
        help="Part of the picture, px; auto is where something moves.  [default: all of it]",
    )
    size: str = option(default="native", help=f"native, {_SIZES}")
    out: Path = option(
        type=PATH, required=True, help="The new .mp4; with CUTS.csv a folder, made if new."
    )
    root: Path | None = option(
        type=FOLDER, help="Folder of the videos in CUTS.csv.  [default: that of CUTS.csv]"
    )
    overwrite: bool = option(is_flag=True, help="Replace files that are there.")

    def cut(self) -> Cut:
        """Return what --start, --end and --box mean.

        Raises:
            UsageError: They make no sense.
        """
        from slipdetect.lab.prepare.trimming import Cut, Region

        region = None if self.box in (None, "auto") else Region.parse(str(self.box))
        start = 0.0 if self.start is None else self.start
        try:
            return Cut(start, self.end, region, self.box == "auto")
        except UsageError as error:
            raise UsageError(f"{error}; check --start and --end") from error


@click.command()
@click.argument("source", metavar="VIDEO|CUTS.csv", type=PATH)
@with_settings(TrimSettings)
@common_options
@click.pass_context
def trim(ctx: click.Context, /, source: Path, settings: TrimSettings) -> None:
    """Cut out a stretch of time and a part of the picture.

    Frames keep their distances in time, so that a variable frame rate stays; the first one is at
    0 s.

    CUTS.csv has a row a cut with the columns path, start, end and, where wanted, x, y, width,
    height. Other columns go to DIR/clips.csv, which training reads if there is a label; cuts of
    one video are one group there, and event_start and event_end are counted from the cut.

    \b
    slipdetect prepare trim kitchen.mp4 --start 3 --end 7.5 --box auto --out fall.mp4
    slipdetect prepare trim cuts.csv --size letterbox:342x256 --out clips
    """
    console, tally = ctx.ensure_object(Console), Tally()
    if source.suffix.lower() == ".csv":
        if settings.start is not None or settings.end is not None:
            raise UsageError("--start and --end are for one video; CUTS.csv has times of its own")
        _trim_list(console, tally, source, settings)
    else:
        _trim_video(console, tally, source, settings)
    ctx.exit(tally.exit_code())


def _trim_video(console: Console, tally: Tally, source: Path, settings: TrimSettings) -> None:
    from slipdetect.lab.prepare.size_modes import SizeMode
    from slipdetect.lab.prepare.trimming import trim as trim_video

    out = settings.out
    if settings.root is not None:
        raise UsageError("--root is for the videos in a CUTS.csv; give the path of the video")
    work = partial(trim_video, source, out, settings.cut(), SizeMode.parse(settings.size))
    if out.is_dir() or out.suffix.lower() != ".mp4":
        raise OutputError(f"{str(out)!r} does not end with .mp4; name the new video")
    for written in _run(console, tally, [_Task(source, out, work)], settings.overwrite).values():
        console.note(str(written))


def _trim_list(console: Console, tally: Tally, file: Path, settings: TrimSettings) -> None:
    """Write the cuts of a list, and clips.csv if it has labels."""
    from slipdetect.lab.prepare.cut_list import ANNOTATIONS, read_cuts, write_annotations
    from slipdetect.lab.prepare.size_modes import SizeMode
    from slipdetect.lab.prepare.trimming import trim as trim_video
    from slipdetect.sinks.names import target_names

    out, overwrite, size = settings.out, settings.overwrite, SizeMode.parse(settings.size)
    cuts = read_cuts(file, settings.root, settings.cut())
    # of one stretch several parts of the picture may be cut
    stretches = Counter((cut.source, cut.ending) for cut in cuts)
    endings = [
        cut.ending + (f"-{cut.part}" if stretches[cut.source, cut.ending] > 1 else "")
        for cut in cuts
    ]
    targets = target_names([cut.source for cut in cuts], out, endings)
    tasks = [
        _Task(cut.source, target, partial(trim_video, cut.source, target, cut.cut, size))
        for cut, target in zip(cuts, targets, strict=True)
    ]
    if (out / ANNOTATIONS).exists() and not overwrite:
        raise OutputError(f"{str(out / ANNOTATIONS)!r} exists already; pass --overwrite")
    done = _run(console, tally, tasks, overwrite)
    console.note(f"{len(done)} of {len(tasks)} cuts written to {str(out)!r}")
    made = [(cut, done[to]) for cut, to in zip(cuts, targets, strict=True) if to in done]
    if any(cut.more.get("label") for cut, _ in made):
        written = write_annotations(made, out, overwrite=overwrite)
        console.note(f"annotations in {str(written)!r}")


@click.command()
@_sources
@click.option("--size", required=True, help=f"native, {_SIZES}")
@_out
@_overwrite
@common_options
@click.pass_context
def resize(
    ctx: click.Context, /, sources: tuple[str, ...], size: str, out: Path, overwrite: bool
) -> None:
    """Write videos in another size.

    SOURCE is a video, a folder, a pattern, @list.txt or -. Every frame keeps its time, so that a
    variable frame rate stays. Folders below the one that all sources share are made in DIR again.
    A video that cannot be read stops nothing: the rest is done, exit code 5.

    course2020 is what the 2020 course report does: portrait videos get black sides, then everything
    is stretched to 342x256. letterbox:342x256 keeps shapes.

    \b
    slipdetect prepare resize recordings/ --size letterbox:342x256 --out small
    """
    from slipdetect.lab.prepare.reencode import reencode, resized
    from slipdetect.lab.prepare.size_modes import SizeMode

    console, tally, mode = ctx.ensure_object(Console), Tally(), SizeMode.parse(size)
    tasks = _tasks(
        console, tally, sources, out, partial(reencode, change=partial(resized, size=mode))
    )
    done = _run(console, tally, tasks, overwrite)
    _tell(console, done, tasks, out, f"size {mode}")
    ctx.exit(tally.exit_code())


@click.command()
@_sources
@_out
@click.option(
    "--threshold",
    type=Number(0.0, 1.0),
    default=0.93,
    help="A frame more like the last one kept than this is dropped (SSIM).",
)
@click.option("--renumber", is_flag=True, help="Show what is left at a constant rate.")
@_overwrite
@common_options
@click.pass_context
def dedup(
    ctx: click.Context,
    /,
    sources: tuple[str, ...],
    out: Path,
    threshold: float,
    renumber: bool,
    overwrite: bool,
) -> None:
    """Drop frames that show nothing new.

    Frames are compared in gray at 256x256 px with the last one kept. Those that stay keep their
    times, and so does the last frame: the video is as long as it was, with a variable frame rate.

    With --renumber they are shown one after the other at the usual rate instead, as the 2020 course
    report does; that breaks time.

    \b
    slipdetect prepare dedup recordings/ --out fewer
    """
    from slipdetect.lab.prepare.dedup import deduplicate

    console, tally = ctx.ensure_object(Console), Tally()
    change = partial(deduplicate, threshold=threshold, renumber=renumber)
    tasks = _tasks(console, tally, sources, out, change)
    if renumber:
        console.warn(_BREAKS_TIME)
    done = _run(console, tally, tasks, overwrite)
    kept = sum(written.written for written in done.values())
    read = sum(written.read for written in done.values())
    _tell(console, done, tasks, out, f"{kept} of {read} frames kept")
    ctx.exit(tally.exit_code())


@click.command()
@click.argument("folder", metavar="FOLDER", type=FOLDER)
@click.option(
    "--fps",
    type=POSITIVE,
    default=30.0,
    help="Pictures a second; the pictures do not say it.",
)
@_out
@_overwrite
@common_options
@click.pass_context
def frames(ctx: click.Context, /, folder: Path, fps: float, out: Path, overwrite: bool) -> None:
    """Make videos of folders of pictures.

    Every folder below FOLDER that holds numbered pictures, NAME/frame_000001.jpg and so on, becomes
    NAME.mp4. Folders of flow, NAME_u and NAME_v, are left out: flow is computed from the videos.
    For the 2020 report's archives use prepare course2020, which keeps their pictures and flow.

    \b
    slipdetect prepare frames frames/ --out videos
    slipdetect prepare lists videos/ --list train=rgb_train.txt --out videos/clips.csv
    """
    from slipdetect.lab.prepare.frame_folders import find_frame_folders, write_frames

    console, tally = ctx.ensure_object(Console), Tally()
    folders = [path.absolute() for path in find_frame_folders(folder)]
    shared = os.path.commonpath([path.parent for path in folders])
    targets = [out / path.relative_to(shared).with_name(f"{path.name}.mp4") for path in folders]
    tasks = [
        _Task(source, target, partial(write_frames, source, target, fps))
        for source, target in zip(folders, targets, strict=True)
    ]
    done = _run(console, tally, tasks, overwrite)
    _tell(console, done, tasks, out, f"{fps:g} a second")
    ctx.exit(tally.exit_code())


def _tasks(
    console: Console,
    tally: Tally,
    names: Iterable[str],
    out: Path,
    work: Callable[..., Reencoded],
) -> list[_Task]:
    """Return a task per video that ``names`` mean; what leads nowhere is reported and counted."""
    from slipdetect.sinks.names import target_names

    found = []
    for job in dict.fromkeys(expand(names)):
        if job.error is None:
            found.append(Path(job.source))
        else:
            _fail(console, tally, job.source, job.error)
    return [
        _Task(source, target, partial(work, source, target))
        for source, target in zip(found, target_names(found, out), strict=True)
    ]


def _run(
    console: Console, tally: Tally, tasks: Sequence[_Task], overwrite: bool
) -> dict[Path, Reencoded]:
    """Do every task and return what was written, by its file.

    A video that fails is reported and the rest is done, unless the folder or disk takes no more.
    """
    _check_targets(tasks, overwrite)
    done: dict[Path, Reencoded] = {}
    try:
        with console.bar(len(tasks)) as bar:
            for index, task in enumerate(tasks):
                name = shorten(printable(str(task.source)), _NAME_COLUMNS)
                title = f"{index + 1}/{len(tasks)} {name}"

                def show(
                    seconds: float, duration: float | None, index: int = index, title: str = title
                ) -> None:
                    share = min(seconds / duration, 1.0) if duration else 0.0
                    bar.show(index + share, title, now=seconds == 0.0)

                try:
                    written = task.work(overwrite=overwrite, on_progress=show)
                except OutputError:
                    raise
                except Exception as error:
                    _fail(console, tally, str(task.source), error)
                    continue
                tally.done += 1
                done[task.target] = written
                for warning in written.warnings:
                    console.warn(f"{str(task.source)!r}: {warning}")
                if console.verbose:
                    console.note(str(written))
    except KeyboardInterrupt:
        tally.interrupted = True
        console.error(f"interrupted: {len(done)} of {len(tasks)} videos are written")
    return done


def _check_targets(tasks: Sequence[_Task], overwrite: bool) -> None:
    """Fail before the work if a target is there, and make the folders."""
    sources = {os.path.realpath(task.source) for task in tasks}
    own = [task.target for task in tasks if os.path.realpath(task.target) in sources]
    if own:
        raise OutputError(f"{str(own[0])!r} would be written over a source; choose another --out")
    there = [task.target for task in tasks if task.target.exists()]
    if there and not overwrite:
        several = f" and {len(there) - 1} more exist" if len(there) > 1 else " exists"
        raise OutputError(
            f"{str(there[0])!r}{several} already; pass --overwrite or choose another --out"
        )
    for folder in dict.fromkeys(task.target.parent for task in tasks):
        make_folder(folder)


def _tell(
    console: Console, done: dict[Path, Reencoded], tasks: Sequence[_Task], out: Path, more: str
) -> None:
    """Say what the only new video is, or how many there are."""
    several = f"{len(done)} of {len(tasks)} videos written to {str(out)!r}, {more}"
    console.note(str(*done.values()) if len(done) == 1 else several)


def _fail(console: Console, tally: Tally, source: str, error: Exception) -> None:
    tally.failures.append(report_one(error, source, console)[0])
