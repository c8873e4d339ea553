"""``slipdetect prepare ucf101``: class folders and lists in UCF101's form to a CSV.

In: a folder of class folders and the lists. Out: an annotation file, a table on stdout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.lab.prepare.prepared_options import (
    FOLDER,
    class_mapping,
    group_options,
    map_options,
    out_options,
)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option(
    "--lists",
    type=FOLDER,
    required=True,
    help="Folder of classInd.txt, trainlist01.txt and testlist01.txt.",
)
@click.option(
    "--split",
    type=click.IntRange(1, 99),
    default=1,
    show_default=True,
    help="Which pair of lists: 1 is 01.",
)
@out_options
@map_options
@group_options(val=0.0, test=None)
@click.option("--dataset", metavar="NAME", default="ucf101", show_default=True, help="Its name.")
@common_options
@click.pass_context
def ucf101(ctx: click.Context, /, folder: Path, **options: Any) -> None:
    """Import UCF101, or any data set in its form.

    FOLDER holds class folders of videos. UCF101 has no slips and no falls, so say what its classes
    count as. A group is the gNN of v_NAME_gNN_cMM. With --val whole groups of the training videos
    go to validation.

    \b
    slipdetect prepare ucf101 UCF-101/ --lists ucfTrainTestlist/ --map '*=other' --out ucf.csv
    slipdetect prepare ucf101 videos/ --lists lists/ --positive Slipping --out clips.csv
    """
    from slipdetect.lab.prepare.prepared_view import finish
    from slipdetect.lab.prepare.splitting import hold_out
    from slipdetect.lab.prepare.ucf101 import prepare_ucf101
    from slipdetect.lab.prepare.write import check_target

    console = ctx.ensure_object(Console)
    check_target(options["out"], options["root"], overwrite=options["overwrite"])
    mapping = class_mapping(options)
    prepared = prepare_ucf101(
        folder, options["lists"], options["split"], mapping, options["dataset"]
    )
    prepared.rows = hold_out(prepared.rows, options["val"], options["seed"])
    finish(console, prepared, options["out"], options["root"], overwrite=options["overwrite"])
