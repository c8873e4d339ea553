"""``slipdetect prepare resize``: videos in another size, every frame at its time.

In: files, folders, lists. Out: a folder of MP4 files, and an exit code.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

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
from slipdetect.lab.prepare.rewrite_options import OVERWRITE, read_size, size_option


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@size_option(required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder of the new videos; made if new.",
)
@OVERWRITE
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
    from slipdetect.lab.prepare.resizing import resize as resize_video
    from slipdetect.sinks.names import target_names

    console = ctx.ensure_object(Console)
    mode = read_size(size)
    tally = Tally()
    found = find_sources(console, sources, tally)
    tasks = [
        Task(source, target, partial(resize_video, source, target, mode, overwrite=overwrite))
        for source, target in zip(found, target_names(found, out), strict=True)
    ]
    check_targets(tasks, overwrite=overwrite)
    done = run_tasks(console, tasks, tally)
    if len(done) == 1:
        console.note(described(done[0][1]))
    else:
        console.note(f"{len(done)} of {len(tasks)} videos written to {str(out)!r}, size {mode}")
    ctx.exit(tally.exit_code())
