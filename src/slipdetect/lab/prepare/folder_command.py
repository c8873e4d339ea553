"""``slipdetect prepare folder``: self-made videos in class folders to a CSV.

In: a folder, or an archive from elsewhere. Out: an annotation file, a table on stdout.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab.fetch import fetch_shown
from slipdetect.lab.prepare.prepared_options import (
    FOLDER,
    class_mapping,
    group_options,
    map_options,
    out_options,
    test_every_option,
)

if TYPE_CHECKING:
    from slipdetect.lab.prepare.rows import Row

_FETCH = with_options(
    [
        click.option(
            "--from",
            "address",
            metavar="URL#sha256=HEX",
            help="Fetch and unpack this archive (path or address) and take it for FOLDER.",
        ),
        click.option(
            "--work",
            type=FOLDER,
            help="Where --from puts it.  [default: downloads beside the CSV]",
        ),
    ]
)
_SPLITS = with_options(
    [
        click.option(
            "--group-by",
            metavar="RULE",
            default="auto",
            show_default=True,
            help="auto, parent, name-prefix, file, or a regular expression and its first group.",
        ),
        group_options(val=0.15, test=0.2),
        click.option(
            "--split-folders", is_flag=True, help="FOLDER holds train/CLASS, val/CLASS, test/CLASS."
        ),
        test_every_option,
    ]
)


@click.command()
@click.argument("folder", type=FOLDER, required=False)
@_FETCH
@out_options
@map_options
@_SPLITS
@click.option("--dataset", metavar="NAME", default="", help="Name of it.  [default: the folder's]")
@common_options
@click.pass_context
def folder(ctx: click.Context, /, folder: Path | None, **options: Any) -> None:
    """Import your own videos from class folders.

    FOLDER holds a folder a class, such as fall/ and normal/, with videos in them or in folders
    below. A class whose name is slip, slipping, fall, falling or positive, or other, notslipping,
    normal, adl or negative needs no --map. Whole groups go to training, validation and test, so
    that nobody is in two of them: a folder below the class folder is a group, otherwise names are
    compared up to their number (anna-01, anna-02).

    \b
    slipdetect prepare folder recordings/ --out recordings/clips.csv
    slipdetect prepare folder videos/ --map sitting=other --group-by '^(p[0-9]+)' --out clips.csv
    slipdetect prepare folder --from videos.zip --test-every 4 --out clips.csv
    """
    from slipdetect.lab.prepare.folder import prepare_folder
    from slipdetect.lab.prepare.prepared_view import finish, warn_of_empty_sides
    from slipdetect.lab.prepare.splitting import CUTS_GROUPS
    from slipdetect.lab.prepare.write import check_target

    console = ctx.ensure_object(Console)
    out, root = options["out"], options["root"]
    if options["split_folders"] and options["test_every"] is not None:
        raise UsageError("--split-folders and --test-every exclude each other; give one")
    check_target(out, root, overwrite=options["overwrite"])
    prepared = prepare_folder(
        _place(console, folder, options),
        class_mapping(options),
        group_by=options["group_by"],
        split_folders=options["split_folders"],
        dataset=options["dataset"],
    )
    prepared.rows = _split(prepared.rows, options)
    if options["test_every"] is not None:
        prepared.warnings.append(CUTS_GROUPS)
    finish(console, prepared, out, root, overwrite=options["overwrite"])
    if not options["split_folders"] and options["test_every"] is None:
        shares = {name: options[name] for name in ("val", "test")}
        warn_of_empty_sides(console, prepared.rows, shares)


def _split(rows: list[Row], options: dict[str, Any]) -> list[Row]:
    from slipdetect.lab.prepare.splitting import assign_splits, split_by_position

    if options["split_folders"]:
        return rows
    if options["test_every"] is not None:
        return split_by_position(rows, options["test_every"])
    return assign_splits(rows, options["val"], options["test"], options["seed"])


def _place(console: Console, folder: Path | None, options: dict[str, Any]) -> Path:
    """Return the folder to import, fetched first if --from says so."""
    if (folder is None) == (options["address"] is None):
        raise click.UsageError("name either a FOLDER or an archive with --from")
    if folder is not None:
        return folder
    from slipdetect.errors import DataError
    from slipdetect.lab.prepare.folder import single_folder

    work = options["work"]
    target = options["out"].parent / "downloads" if work is None else work
    place = fetch_shown(console, options["address"], target)
    if not place.is_dir():
        raise DataError(f"{str(place)!r} is neither a folder nor a .zip or .tar of videos")
    return single_folder(place)
