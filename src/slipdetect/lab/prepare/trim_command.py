"""``slipdetect prepare trim``: stretches of videos and parts of their pictures.

In: a video, or a list of cuts. Out: an MP4, or a folder of them with their annotation file.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import OutputError, UsageError
from slipdetect.lab.prepare.rewrite_batch import Task, check_targets, described, run_tasks
from slipdetect.lab.prepare.rewrite_options import OVERWRITE, read_cut, read_size, size_option

if TYPE_CHECKING:
    from slipdetect.lab.prepare.cut_list import ListedCut
    from slipdetect.lab.prepare.rewriting import Rewritten
    from slipdetect.lab.prepare.trimming import Cut
    from slipdetect.video.size_modes import SizeMode


@click.command()
@click.argument("source", metavar="VIDEO|CUTS.csv", type=click.Path(path_type=Path))
@click.option("--start", type=float, help="First moment, seconds.  [default: the beginning]")
@click.option("--end", type=float, help="Up to this moment, seconds.  [default: the end]")
@click.option(
    "--box",
    metavar="X,Y,W,H|auto",
    help="Part of the picture, px; auto is where something moves.  [default: all of it]",
)
@size_option()
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="The new .mp4; with CUTS.csv a folder, made if new.",
)
@click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the videos in CUTS.csv.  [default: that of CUTS.csv]",
)
@OVERWRITE
@common_options
@click.pass_context
def trim(ctx: click.Context, /, source: Path, out: Path, **options: Any) -> None:
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
    console = ctx.ensure_object(Console)
    mode = read_size(options["size"])
    if source.suffix.lower() == ".csv":
        if options["start"] is not None or options["end"] is not None:
            raise UsageError("--start and --end are for one video; CUTS.csv has times of its own")
        ctx.exit(_many(console, source, out, mode, options).exit_code())
    if options["root"] is not None:
        raise UsageError("--root is for the videos in a CUTS.csv; give the path of the video")
    cut = read_cut(options["start"], options["end"], options["box"])
    ctx.exit(_one(console, source, out, cut, mode, options["overwrite"]).exit_code())


def _one(
    console: Console, source: Path, out: Path, cut: Cut, mode: SizeMode, overwrite: bool
) -> Tally:
    from slipdetect.lab.prepare.trimming import trim as trim_video

    if out.is_dir() or out.suffix.lower() != ".mp4":
        raise OutputError(f"{str(out)!r} does not end with .mp4; name the new video")
    work = partial(trim_video, source, out, cut, mode, overwrite=overwrite)
    task = Task(source, out, work)
    check_targets([task], overwrite=overwrite)
    tally = Tally()
    for _, written in run_tasks(console, [task], tally):
        console.note(described(written))
    return tally


def _many(
    console: Console, file: Path, out: Path, mode: SizeMode, options: dict[str, Any]
) -> Tally:
    from slipdetect.lab.prepare.cut_list import ANNOTATIONS, read_cuts
    from slipdetect.lab.prepare.trimming import trim as trim_video
    from slipdetect.sinks.names import target_names

    overwrite: bool = options["overwrite"]
    cuts = read_cuts(file, options["root"], read_cut(None, None, options["box"]))
    targets = target_names([cut.source for cut in cuts], out, [cut.ending for cut in cuts])
    tasks = [
        Task(
            cut.source,
            target,
            partial(trim_video, cut.source, target, cut.cut, mode, overwrite=overwrite),
        )
        for cut, target in zip(cuts, targets, strict=True)
    ]
    if (out / ANNOTATIONS).exists() and not overwrite:
        raise OutputError(f"{str(out / ANNOTATIONS)!r} exists already; pass --overwrite")
    check_targets(tasks, overwrite=overwrite)
    tally = Tally()
    done = {task.target: written for task, written in run_tasks(console, tasks, tally)}
    console.note(f"{len(done)} of {len(tasks)} cuts written to {str(out)!r}")
    made = [
        (cut, done[target]) for cut, target in zip(cuts, targets, strict=True) if target in done
    ]
    _annotate(console, made, out, overwrite=overwrite)
    return tally


def _annotate(
    console: Console, made: list[tuple[ListedCut, Rewritten]], out: Path, *, overwrite: bool
) -> None:
    """Write clips.csv if the list has labels."""
    from slipdetect.lab.prepare.cut_list import write_annotations

    if any(cut.more.get("label") for cut, _ in made):
        console.note(f"annotations in {str(write_annotations(made, out, overwrite=overwrite))!r}")
