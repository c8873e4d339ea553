"""Options that the importing subcommands of ``slipdetect prepare`` share.

In: click options. Out: decorators, and the ``ClassMapping`` that the user asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.options import Decorator, with_options

if TYPE_CHECKING:
    from slipdetect.lab.prepare.mapping import ClassMapping

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)

out_options = with_options(
    [
        click.option("--out", type=FILE, required=True, help="The CSV to write."),
        click.option(
            "--root",
            type=FOLDER,
            help="Folder that paths in the CSV count from; train takes the same.  [default: that"
            " of the CSV]",
        ),
        click.option("--overwrite", is_flag=True, help="Replace the CSV if it exists."),
    ]
)

map_options = with_options(
    [
        click.option("--positive", metavar="CLASS,CLASS", help="Classes that show a slip or fall."),
        click.option(
            "--negative",
            metavar="CLASS,CLASS",
            help="Classes that show something else; all others are left out.",
        ),
        click.option(
            "--map",
            "pairs",
            multiple=True,
            metavar="CLASS=slip|other|skip",
            help="What one class counts as; '*' means all others; repeatable.",
        ),
    ]
)

test_every_option = click.option(
    "--test-every",
    type=click.IntRange(min=2),
    metavar="N",
    help="Every N-th clip is a test clip, as in the 2020 course report (4, 5); cuts groups.",
)


def group_options(val: float, test: float | None) -> Decorator:
    """Return the options of a split by groups, with these shares as defaults.

    Args:
        val: Share for validation.
        test: Share for the test; None leaves the option out.
    """
    shares = [
        click.option(
            "--val",
            metavar="SHARE",
            default=val,
            show_default=True,
            help="Share of the clips for validation.",
        ),
        click.option(
            "--seed", default=0, show_default=True, help="Order in which groups are drawn."
        ),
    ]
    if test is not None:
        option = click.option(
            "--test",
            metavar="SHARE",
            default=test,
            show_default=True,
            help="Share of the clips for the test.",
        )
        shares.insert(1, option)
    return with_options(shares)


def class_mapping(options: dict[str, Any], usual: tuple[str, ...] = ()) -> ClassMapping:
    """Return what --positive, --negative and --map say."""
    from slipdetect.lab.prepare.mapping import ClassMapping, read_pairs

    return ClassMapping(
        positive=_names(options["positive"]),
        negative=_names(options["negative"]),
        pairs=read_pairs(options["pairs"]),
        usual=usual if options["positive"] is None else (),
    )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
