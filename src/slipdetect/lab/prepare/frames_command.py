"""``slipdetect prepare frames``: videos of folders of pictures.

In: a folder or an archive of such folders. Out: a folder of MP4 files, and an exit code.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from slipdetect.cli.batch import Tally
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.lab.fetch import fetch_shown
from slipdetect.lab.prepare.rewrite_batch import Task, check_targets, described, run_tasks
from slipdetect.lab.prepare.rewrite_options import OVERWRITE

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", metavar="[FOLDER]", required=False, type=_FOLDER)
@click.option(
    "--from",
    "address",
    metavar="URL#sha256=HEX",
    help="Fetch and unpack an archive (.zip, .tar) first, into downloads in --out.",
)
@click.option(
    "--fps",
    type=click.FloatRange(min=0.0, min_open=True),
    default=30.0,
    show_default=True,
    help="Pictures a second; the pictures do not say it.",
)
@click.option("--out", type=_FOLDER, required=True, help="Folder of the videos; made if new.")
@OVERWRITE
@common_options
@click.pass_context
def frames(
    ctx: click.Context,
    /,
    folder: Path | None,
    address: str | None,
    fps: float,
    out: Path,
    overwrite: bool,
) -> None:
    """Make videos of folders of pictures.

    Every folder below FOLDER that holds numbered pictures, NAME/frame_000001.jpg and so on, becomes
    NAME.mp4. Folders of flow, NAME_u and NAME_v, are left out: flow is computed from the videos.
    For the 2020 report's archives use prepare course2020, which keeps their pictures and flow.

    \b
    slipdetect prepare frames frames/ --out videos
    slipdetect prepare lists read --train rgb_train.txt --root videos --out videos/clips.csv
    """
    from slipdetect.lab.prepare.frame_folders import find_frame_folders, write_frames

    console = ctx.ensure_object(Console)
    if (folder is None) == (address is None):
        raise click.UsageError("name either a FOLDER or an archive with --from")
    if folder is None:
        folder = fetch_shown(console, str(address), out / "downloads")
    tasks = [
        Task(source, target, partial(write_frames, source, target, fps, overwrite=overwrite))
        for source, target in _targets(find_frame_folders(folder), out)
    ]
    check_targets(tasks, overwrite=overwrite)
    tally = Tally()
    done = run_tasks(console, tasks, tally)
    if len(done) == 1:
        console.note(described(done[0][1]))
    else:
        console.note(
            f"{len(done)} of {len(tasks)} videos written to {str(out)!r}, {fps:g} a second"
        )
    ctx.exit(tally.exit_code())


def _targets(folders: Sequence[Path], out: Path) -> list[tuple[Path, Path]]:
    """Return each folder and its video, with the way to it from what all folders share."""
    whole = [folder.absolute() for folder in folders]
    shared = os.path.commonpath([folder.parent for folder in whole])
    return [
        (folder, out / folder.relative_to(shared).with_name(f"{folder.name}.mp4"))
        for folder in whole
    ]
