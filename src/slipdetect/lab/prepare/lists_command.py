"""``slipdetect prepare lists``: between the annotation file and the 2020 course report's lists.

In: lists, or a CSV. Out: a CSV, or lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab.prepare.prepared_options import FILE, FOLDER, test_every_option

if TYPE_CHECKING:
    from slipdetect.lab.data import Clip
    from slipdetect.lab.prepare.counting import FrameCounter

_LISTS = with_options(
    [
        click.option("--train", type=FILE, help="List of the training videos."),
        click.option("--val", type=FILE, help="List of the videos for validation."),
        click.option("--test", type=FILE, help="List of the test videos."),
        click.option("--list", "single", type=FILE, help="List of videos without a split."),
        click.option("--classes", type=FILE, help="classInd.txt.  [default: 1 Slipping, 2 not]"),
        click.option("--frame-count", type=FILE, help="frame_count.pickle; it is not unpickled."),
    ]
)


@click.group()
@common_options
def lists() -> None:
    """Read and write the 2020 course report's lists."""


@lists.command()
@_LISTS
@test_every_option
@click.option("--out", type=FILE, required=True, help="The CSV to write.")
@click.option("--root", type=FOLDER, help="Folder of the videos.  [default: that of the CSV]")
@click.option(
    "--dataset", metavar="NAME", default="course2020", show_default=True, help="Its name."
)
@click.option("--overwrite", is_flag=True, help="Replace the CSV if it exists.")
@common_options
@click.pass_context
def read(ctx: click.Context, /, **options: Any) -> None:
    """Make a CSV of lists.

    A line is "Class/video  frames  label" with label 0 for a slip (second generation), or
    "Class/video.mp4 label" with 1 for a slip, or "Class/video.mp4" (first generation). Entries and
    the paths in the CSV count from --root; suffix and class folder may be missing.

    \b
    slipdetect prepare lists read --train rgb_train.txt --test rgb_test.txt --out videos/clips.csv
    slipdetect prepare lists read --list all.txt --test-every 5 --root videos/ --out clips.csv
    """
    from slipdetect.lab.course2020.lists import read_course_lists
    from slipdetect.lab.prepare.frame_counts import read_frame_counts
    from slipdetect.lab.prepare.prepared_view import finish
    from slipdetect.lab.prepare.splitting import CUTS_GROUPS, split_by_position
    from slipdetect.lab.prepare.write import check_target

    console = ctx.ensure_object(Console)
    out, root = options["out"], options["root"]
    files = [(split, options[split]) for split in ("train", "val", "test")]
    given = [(split, file) for split, file in [*files, ("", options["single"])] if file is not None]
    if not given:
        raise click.UsageError("name a list with --train, --val, --test or --list")
    if options["test_every"] is not None and any(split for split, _ in given):
        raise UsageError("--test-every makes the split of a --list; the other lists have one")
    check_target(out, root, overwrite=options["overwrite"])
    counts = options["frame_count"]
    prepared = read_course_lists(
        given,
        out.parent if root is None else root,
        classes=options["classes"],
        frame_counts=None if counts is None else read_frame_counts(counts),
        dataset=options["dataset"],
    )
    if options["test_every"] is not None:
        prepared.rows = split_by_position(prepared.rows, options["test_every"])
        prepared.warnings.append(CUTS_GROUPS)
    finish(console, prepared, out, root, overwrite=options["overwrite"])


@lists.command()
@click.argument("data", metavar="CLIPS.csv", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "style",
    type=click.Choice(("course2020", "ucf")),
    default="course2020",
    show_default=True,
    help="course2020: second generation, with frames; ucf: first generation, UCF101's form.",
)
@click.option("--out", type=FOLDER, required=True, help="Folder of the lists; made if new.")
@click.option("--root", type=FOLDER, help="Folder of the videos.  [default: that of the CSV]")
@click.option(
    "--store", type=FOLDER, help="Count frames in this store or folder of frame folders instead."
)
@click.option("--frames", is_flag=True, help="With ucf: also write frame_count.pickle.")
@test_every_option
@click.option("--overwrite", is_flag=True, help="Replace lists that exist.")
@common_options
@click.pass_context
def write(ctx: click.Context, /, data: Path, **options: Any) -> None:
    """Write lists for code that reads those.

    Lists of the second generation need the number of frames: every video is decoded, unless
    --store says where its frames lie. frame_count.pickle is a pickle, as that code wants it.

    \b
    slipdetect prepare lists write clips.csv --out lists/
    slipdetect prepare lists write clips.csv --format ucf --frames --out lists/
    """
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.prepare.list_writing import (
        misplaced,
        write_course_lists,
        write_ucf_lists,
    )

    console = ctx.ensure_object(Console)
    clips = read_annotations(data, options["root"])
    if options["test_every"] is not None:
        clips = _split(console, clips, options["test_every"])
    out, overwrite = options["out"], options["overwrite"]
    if options["style"] == "course2020":
        written = write_course_lists(clips, out, _counter(options), overwrite=overwrite)
    else:
        wanted = options["frames"] or options["store"] is not None
        counter = _counter(options) if wanted else None
        written = write_ucf_lists(clips, out, counter, overwrite=overwrite)
    console.text("".join(f"{path}\n" for path in written))
    elsewhere = misplaced(clips)
    if elsewhere and options["store"] is None:
        console.note(
            f"{elsewhere} of {len(clips)} clips do not lie in a folder Slipping/ or NotSlipping/,"
            " as the lists say; put them there for code that opens the videos"
        )
    _warn(console, clips)


def _split(console: Console, clips: Sequence[Clip], every: int) -> list[Clip]:
    from slipdetect.lab.prepare.rows import Row
    from slipdetect.lab.prepare.splitting import CUTS_GROUPS, split_by_position

    console.warn(CUTS_GROUPS)
    rows = split_by_position([Row(clip.path, "") for clip in clips], every)
    return [replace(clip, split=row.split) for clip, row in zip(clips, rows, strict=True)]


def _counter(options: dict[str, Any]) -> FrameCounter:
    from slipdetect.lab.prepare.counting import DecodedFrames, StoredFrames

    store = options["store"]
    return DecodedFrames() if store is None else StoredFrames(store, options["root"])


def _warn(console: Console, clips: Sequence[Clip]) -> None:
    from slipdetect.lab.prepare.prepared_view import warn_of_rows
    from slipdetect.lab.prepare.rows import OTHER, SLIP, Row

    labels = {True: SLIP, False: OTHER}
    rows = [Row(c.path, labels[c.positive], c.group, split=c.split) for c in clips]
    warn_of_rows(console, rows)
