"""``slipdetect prepare hmdb51``: class folders of HMDB51 and its official splits to a CSV.

In: a folder of class folders or archives. Out: an annotation file, a table on stdout.
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
    "--splits",
    type=click.Path(path_type=Path),
    required=True,
    help="Folder of the official split files (CLASS_test_split1.txt), or their .rar.",
)
@click.option(
    "--split",
    type=click.Choice(("1", "2", "3")),
    default="1",
    show_default=True,
    help="Which official split.",
)
@out_options
@map_options
@group_options(val=0.0, test=None)
@click.option("--work", type=FOLDER, help="Folder to unpack .rar archives in; made if new.")
@common_options
@click.pass_context
def hmdb51(ctx: click.Context, /, folder: Path, **options: Any) -> None:
    """Import HMDB51 with one of its official splits.

    FOLDER holds class folders of clips (fall_floor/...avi), CLASS.rar archives, or hmdb51_org.rar.
    The class fall_floor counts as a slip and every other one as something else, unless --positive,
    --negative or --map say otherwise. Clips that the split does not use are left out. With --val
    whole groups of the training clips go to validation. A group is the film a clip was cut from.

    \b
    slipdetect prepare hmdb51 hmdb51/ --splits splits/ --split 1 --out hmdb51/clips.csv
    slipdetect prepare hmdb51 hmdb51/ --splits splits/ --negative stand,sit,situp --out clips.csv
    """
    from slipdetect.lab.prepare.hmdb51 import USUAL_POSITIVE, prepare_hmdb51
    from slipdetect.lab.prepare.hmdb51_folder import Hmdb51Folder, unpacked
    from slipdetect.lab.prepare.prepared_view import finish
    from slipdetect.lab.prepare.splitting import hold_out
    from slipdetect.lab.prepare.write import check_target

    console = ctx.ensure_object(Console)
    check_target(options["out"], options["root"], overwrite=options["overwrite"])

    def tell(archive: Path) -> None:
        console.note(f"unpacking {archive.name}")

    splits = options["splits"]
    if splits.suffix.lower() == ".rar":
        splits = unpacked(splits, options["work"], tell)
    mapping = class_mapping(options, USUAL_POSITIVE)
    source = Hmdb51Folder(folder, options["work"], tell)
    prepared = prepare_hmdb51(source, splits, int(options["split"]), mapping)
    prepared.rows = hold_out(prepared.rows, options["val"], options["seed"])
    finish(console, prepared, options["out"], options["root"], overwrite=options["overwrite"])
