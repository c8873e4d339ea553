"""``slipdetect prepare course2020``: the 2020 course report's archives to a data set.

In: archives. Out: a folder with frames, flow and clips.csv, a table on stdout, and an exit code.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FOLDER, POSITIVE
from slipdetect.lab.prepare.command import test_every_option

if TYPE_CHECKING:
    from slipdetect.lab.course2020.archive_set import CourseSet

_USUAL_SIDE = 256  # short_side of the recipes course2020-*


@click.command()
@click.argument(
    "archives", metavar="ARCHIVE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--out", type=FOLDER, required=True, help="Folder of the set; it must be new.")
@click.option(
    "--fps",
    type=POSITIVE,
    default=30.0,
    help="Frames a second; the archives do not say it.",
)
@test_every_option
@click.option(
    "--missing-flow",
    type=click.Choice(("refuse", "drop", "frames", "compute")),
    default="refuse",
    help="Clips without flow where others have it: leave them out, keep their frames (train "
    "computes what it needs), or compute their flow.",
)
@click.option("--dataset", metavar="NAME", default="course2020", help="Its name.")
@click.option("--overwrite", is_flag=True, help="Replace a set that this command made.")
@common_options
@click.pass_context
def course2020(
    ctx: click.Context,
    /,
    archives: tuple[Path, ...],
    out: Path,
    fps: float,
    test_every: int | None,
    missing_flow: str,
    dataset: str,
    overwrite: bool,
) -> None:
    """Make a data set of the 2020 course report's archives.

    ARCHIVE is video_data_475.zip, opt_475.zip and so on, a folder with what was in one, or a list
    (.txt) of either generation. NAME/frame_000001.jpg, NAME_u/000001.jpg and NAME_v/000001.jpg,
    in whatever folder, become a store in the layout tsn, byte for byte; its flow carries the
    author's recipe: OpenCV's TV-L1, bound 15. OUT/clips.csv has labels, groups and the split.

    The split is that of the lists, if there are any, or the report's by position: every fourth
    clip of 475, 525 and 575 in the order of names is a test clip, every fifth of 668.

    OUT appears when all of it is there. A clip with frames missing is left out by name: exit
    code 5.

    \b
    slipdetect prepare course2020 video_data_475.zip opt_475.zip --out course-475
    slipdetect prepare course2020 video_data_668.zip --out course-668
    """
    from slipdetect.errors import UsageError
    from slipdetect.lab.course2020.archive_set import CSV, CourseSettings, prepare_archives
    from slipdetect.lab.prepare.summary import tell_prepared

    console = ctx.ensure_object(Console)
    if len(set(archives)) < len(archives):
        raise UsageError("an archive is named twice; name each once")
    settings = CourseSettings(fps, test_every, missing_flow, dataset)
    with console.bar(1.0) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done / max(total, 1), f"{done / 1e6:.0f} MB read", now=done == total)

        def compute(name: str) -> None:
            bar.show(1.0, f"computing the flow of {name}", now=True)

        made = prepare_archives(
            archives, out, settings, overwrite=overwrite, on_progress=show, on_compute=compute
        )
    tell_prepared(console, made.prepared, out / CSV)
    _tell(console, made, out, fps)
    if made.broken:
        console.error(f"{len(made.broken)} clips were left out: {'; '.join(made.broken[:10])}")
        ctx.exit(SOME_FAILED)


def _tell(console: Console, made: CourseSet, out: Path, fps: float) -> None:
    """Say what is in the store and how it is used."""
    clips = sum(made.sizes.values())
    sizes = ", ".join(f"{count} of {w}x{h}" for (w, h), count in sorted(made.sizes.items())[:5])
    console.note(f"frames of {clips} clips (px: {sizes}), taken as {fps:g} a second")
    shares = ((made.flows - made.computed, "by the author"), (made.computed, "computed here"))
    for count, maker in shares:
        if count:
            console.note(f"flow of {count} clips, {maker}: OpenCV's TV-L1, bound 15")
    if not made.flows:
        console.note("flow of 0 clips, none; train computes it")
    side = max(min(size) for size in made.sizes)
    more = [] if side <= _USUAL_SIDE else [f"--set short_side={side}"]
    more += [] if fps == 30.0 else [f"--set sample_fps={fps:g}"]
    common = f"--data {quote(str(out / 'clips.csv'))} --store {quote(str(out))}"
    words = {"rgb": [], "flow": ["--set flow_method=tvl1-opencv"]} if made.flows else {"rgb": []}
    for name, extra in words.items():
        options = [common, *extra, *more, f"--out runs/course2020-{name}"]
        console.note(" ".join([f"slipdetect train course2020-{name}", *options]))
