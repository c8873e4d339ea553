"""``slipdetect prepare intervals``: a table of times in long videos to a CSV, or to clips.

In: a CSV of times and the videos. Out: an annotation file, perhaps clips, a table on stdout.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._text import printable
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab.prepare.prepared_options import FILE, FOLDER, group_options

if TYPE_CHECKING:
    from slipdetect.cli.console import Bar
    from slipdetect.lab.prepare.intervals import TimedVideo
    from slipdetect.lab.prepare.rows import Prepared

_SECONDS = click.FloatRange(min=0.0)
_CUT = with_options(
    [
        click.option("--cut", type=FOLDER, help="Cut clips into this folder and list those."),
        click.option(
            "--before",
            type=_SECONDS,
            metavar="SECONDS",
            default=1.0,
            show_default=True,
            help="Seconds before an event that its clip begins.",
        ),
        click.option(
            "--after",
            type=_SECONDS,
            metavar="SECONDS",
            default=1.0,
            show_default=True,
            help="Seconds after an event that its clip ends.",
        ),
        click.option(
            "--clearance",
            type=_SECONDS,
            metavar="SECONDS",
            default=1.0,
            show_default=True,
            help="Least seconds between an event and a negative clip.",
        ),
        click.option(
            "--negatives-per-event",
            type=click.IntRange(min=0),
            metavar="N",
            default=2,
            show_default=True,
            help="Negative clips cut near each event, and from each video without.",
        ),
    ]
)


@click.command()
@click.argument("times", metavar="TIMES.csv", type=click.Path(path_type=Path))
@click.option("--root", type=FOLDER, help="Folder of the videos.  [default: that of TIMES.csv]")
@click.option("--out", type=FILE, required=True, help="The CSV to write.")
@click.option("--overwrite", is_flag=True, help="Replace the CSV and clips if they exist.")
@_CUT
@group_options(val=0.0, test=0.0)
@click.option("--dataset", metavar="NAME", default="", help="Name of the data set.")
@common_options
@click.pass_context
def intervals(ctx: click.Context, /, times: Path, **options: Any) -> None:
    """Import times of events in long videos.

    TIMES.csv has the columns path (or source), start and end, and may have label, group, split and
    dataset. Times are seconds (62.5) or h:mm:ss (0:01:02.5) and are checked against the videos. A
    row labeled slip, fall, right or missed, or with no label, is an event; one labeled other or
    wrong is something that only looks like one; a video without times shows no slip. Training draws
    its negatives beside the events, so the CSV of whole videos needs no more. With --cut each event
    becomes a clip, and the negatives are clips as near to the events as there is place.

    \b
    slipdetect prepare intervals times.csv --root videos/ --out videos/clips.csv
    slipdetect prepare intervals times.csv --root videos/ --cut cuts/ --out clips.csv
    """
    from slipdetect.lab.prepare.prepared_view import finish, warn_of_empty_sides
    from slipdetect.lab.prepare.splitting import assign_splits, check_shares
    from slipdetect.lab.prepare.write import check_target

    console = ctx.ensure_object(Console)
    out, root, overwrite = options["out"], options["root"], options["overwrite"]
    check_target(out, root, overwrite=overwrite)
    check_shares(options["val"], options["test"])
    folder = times.parent if root is None else root
    prepared = _prepare(console, times, folder, options)
    if options["val"] or options["test"]:
        prepared.rows = assign_splits(
            prepared.rows, options["val"], options["test"], options["seed"]
        )
    base = root if options["cut"] is None else None
    finish(console, prepared, out, base, overwrite=overwrite)
    warn_of_empty_sides(console, prepared.rows, {name: options[name] for name in ("val", "test")})


def _prepare(console: Console, times: Path, folder: Path, options: dict[str, Any]) -> Prepared:
    """Read, check and perhaps cut."""
    from slipdetect.lab.prepare.cut_plan import CutRule
    from slipdetect.lab.prepare.duration import check_times
    from slipdetect.lab.prepare.intervals import read_intervals
    from slipdetect.lab.prepare.long_videos import cut_rows, whole_rows

    rule = CutRule(
        options["before"], options["after"], options["clearance"], options["negatives_per_event"]
    )
    cut = options["cut"]
    if cut is not None:
        _check_inside(cut, options["out"].parent)
    videos = [_of(video, options["dataset"]) for video in read_intervals(times, folder)]
    if (options["val"] or options["test"]) and any(video.split for video in videos):
        raise UsageError("the table has splits already; leave --val and --test out")
    with console.bar(2.0 * len(videos) if cut is not None else len(videos)) as bar:
        checked = []
        for index, video in enumerate(videos):
            bar.show(index, f"checking {printable(video.path.name)}")
            checked.append(check_times(video))
        if cut is None:
            prepared = whole_rows([video for video, _ in checked])
        else:
            prepared = cut_rows(
                checked,
                cut,
                folder,
                rule,
                overwrite=options["overwrite"],
                watch=_watch(bar, checked),
            )
    prepared.left_out.add(
        "video of the folder that the table does not name", _others(videos, folder, cut)
    )
    return prepared


def _of(video: TimedVideo, dataset: str) -> TimedVideo:
    from dataclasses import replace

    return video if video.dataset else replace(video, dataset=dataset)


def _check_inside(cut: Path, base: Path) -> None:
    if not cut.resolve().is_relative_to(base.resolve()):
        raise UsageError(
            f"--cut {str(cut)!r} must be in the folder of the CSV, {str(base)!r}, because the CSV"
            " lists what is below it"
        )


def _watch(bar: Bar, checked: Sequence[tuple[TimedVideo, float]]) -> Any:
    places = {video.path: index for index, (video, _) in enumerate(checked)}

    def show(video: TimedVideo, time: float) -> None:
        index = places[video.path]
        share = min(time / checked[index][1], 1.0)
        bar.show(len(checked) + index + share, f"cutting {printable(video.path.name)}")

    return show


def _others(videos: Sequence[TimedVideo], folder: Path, cut: Path | None) -> list[str]:
    """Return the videos below the folder that the table does not name; clips are not counted."""
    import os

    from slipdetect.video import find_videos

    known = {os.path.realpath(video.path) for video in videos}
    clips = None if cut is None else os.path.realpath(cut)
    found = [(path, os.path.realpath(path)) for path in find_videos(folder)]
    return [
        str(path)
        for path, real in found
        if real not in known and (clips is None or not real.startswith(clips + os.sep))
    ]
