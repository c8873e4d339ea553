"""``slipdetect plot``: learning curves of one or more training runs.

In: run folders or logs. Out: a picture.
"""

from __future__ import annotations

from pathlib import Path

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import UsageError

_SUFFIXES = (".png", ".svg", ".pdf")


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="curves.png",
    help="The picture; .png, .svg or .pdf.",
)
@click.option("--overwrite", is_flag=True, help="Replace the picture if it exists.")
@common_options
@click.pass_context
def plot(ctx: click.Context, /, runs: tuple[Path, ...], out: Path, overwrite: bool) -> None:
    """Draw loss and accuracy over epochs.

    Training dashed and validation solid.

    RUN is a folder that train left, its metrics.jsonl or curves.csv, or a CSV log with a header
    that names epoch, loss and accuracy (or Prec@1), as shares or percent. Of a CSV log the file
    name or the header says whether it is of training or validation: rgb_train.csv and
    rgb_test.csv make one run. A column modality or run tells several apart in one file. Runs are
    drawn over each other.

    \b
    slipdetect plot runs/rgb runs/flow --out curves.png
    slipdetect plot record/spatial/rgb_train.csv record/spatial/rgb_test.csv
    """
    from slipdetect._io import atomic_write, check_writable
    from slipdetect.lab.train.learning_curves import draw_learning_curves, read_curves

    if out.suffix.lower() not in _SUFFIXES:
        raise UsageError(f"{str(out)!r} should end in {', '.join(_SUFFIXES)}; pass another --out")
    check_writable(out, overwrite=overwrite)
    curves = read_curves(runs)
    with atomic_write(out, overwrite=overwrite) as temporary:
        draw_learning_curves(curves, temporary)
    console = ctx.ensure_object(Console)
    console.note(f"{len({curve.run for curve in curves})} runs drawn; written: {out}")
