"""``slipdetect prepare dedup``: videos without the frames that show nothing new.

In: files, folders, lists. Out: a folder of MP4 files, and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.lab.prepare.rewrite_batch import (
    Task,
    check_targets,
    described,
    find_sources,
    run_tasks,
)
from slipdetect.lab.prepare.rewrite_options import OVERWRITE

if TYPE_CHECKING:
    from slipdetect.lab.prepare.rewriting import Rewritten

_BREAKS_TIME = (
    "--renumber breaks time: frames that were dropped shorten the video, so that people move "
    "faster than they did, and event times no longer fit"
)


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the new videos; made if new.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.0, 1.0),
    default=0.93,
    show_default=True,
    help="A frame more like the last one kept than this is dropped (SSIM).",
)
@click.option("--renumber", is_flag=True, help="Show what is left at a constant rate.")
@OVERWRITE
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
    from slipdetect.sinks.names import target_names

    console = ctx.ensure_object(Console)
    tally = Tally()
    found = find_sources(console, sources, tally)
    change = partial(deduplicate, threshold=threshold, renumber=renumber, overwrite=overwrite)
    tasks = [
        Task(source, target, partial(change, source, target))
        for source, target in zip(found, target_names(found, out), strict=True)
    ]
    check_targets(tasks, overwrite=overwrite)
    if renumber:
        console.warn(_BREAKS_TIME)
    _tell(console, run_tasks(console, tasks, tally), len(tasks), out)
    ctx.exit(tally.exit_code())


def _tell(console: Console, done: Sequence[tuple[Task, Rewritten]], total: int, out: Path) -> None:
    if len(done) == 1:
        console.note(described(done[0][1]))
        return
    read = sum(written.read for _, written in done)
    kept = sum(written.written for _, written in done)
    console.note(
        f"{len(done)} of {total} videos written to {str(out)!r}, {kept} of {read} frames kept"
    )
