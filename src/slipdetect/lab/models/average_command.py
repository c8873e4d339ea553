"""``slipdetect models average``: one model of several runs of one recipe.

In: packages. Out: a package with the mean of their weights.
"""

from __future__ import annotations

from pathlib import Path

import click

from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options


@click.command()
@click.argument("names", metavar="MODEL...", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="Folder of the new package."
)
@click.option("--name", help="What reports call the model.  [default: name of --out]")
@click.option("--overwrite", is_flag=True, help="Replace a model in --out.")
@common_options
@click.pass_context
def average(
    ctx: click.Context, /, names: tuple[str, ...], out: Path, name: str | None, overwrite: bool
) -> None:
    """Average the weights of models that one recipe has trained with different seeds.

    Runs that began with the same weights and differ in their seed give a mean that is often better
    on new footage than any of them, at the cost of one. Give the clips of --data a split
    (train, val), so that all runs hold out the same ones; calibrate the mean on those.

    \b
    slipdetect models average runs/a/last runs/b/last --out runs/mean
    slipdetect calibrate runs/mean --data clips.csv --split val --out models/mean
    """
    from slipdetect.detection import model_folder
    from slipdetect.lab.models.soup import average_packages
    from slipdetect.models import load_package

    console = ctx.ensure_object(Console)
    packages = [load_package(model_folder(item)) for item in names]
    made = average_packages(packages, out, name=name or out.resolve().name, overwrite=overwrite)
    console.text(f"{out}: mean of {len(packages)} models, {made.config.name}\n")
