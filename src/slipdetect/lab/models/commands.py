"""``slipdetect models export`` and ``average``: a stream for older programs, one model of several.

In: packages. Out: a ``.pth.tar`` file in the form of tsn-pytorch; a package of mean weights.
"""

from __future__ import annotations

from pathlib import Path

import click

from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import MODALITIES


@click.command()
@click.argument("name", metavar="MODEL", type=MODEL_NAME)
@click.option(
    "--stream",
    type=click.Choice(MODALITIES),
    help="Which stream; needed where there are several.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="File, such as rgb.pth.tar."
)
@click.option("--overwrite", is_flag=True, help="Replace --out.")
@common_options
@click.pass_context
def export(
    ctx: click.Context, /, name: str, stream: str | None, out: Path, overwrite: bool
) -> None:
    """Write a stream as an old checkpoint (.pth.tar).

    MODEL is 'default' or the folder of a package. The file is one of tsn-pytorch: epoch, arch,
    state_dict (base_model.*, new_fc.*) and best_prec1. A text under 'slipdetect' lets 'models
    import' restore the stream exactly, and the files of all streams the model; other programs do
    not look at it. What these will do otherwise is told, one line each.

    \b
    slipdetect models export runs/first/best --stream rgb --out rgb_model_best.pth.tar
    """
    from slipdetect.detection import model_folder
    from slipdetect.lab.checkpoints import export_stream
    from slipdetect.models import load_package

    console = ctx.ensure_object(Console)
    package = load_package(model_folder(name))
    names = [item.modality for item in package.config.streams]
    if stream is None and len(names) > 1:
        raise UsageError(f"the model has the streams {', '.join(names)}; choose one with --stream")
    done = export_stream(package, stream or names[0], out, overwrite=overwrite)
    for difference in done.differences:
        console.warn(difference)
    console.text(
        f"{out}: {done.arch}, {done.tensors} tensors, epoch {done.epoch}, "
        f"best accuracy {done.best:.2f} %\n"
    )


@click.command()
@click.argument("names", metavar="MODEL...", nargs=-1, required=True, type=MODEL_NAME)
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
    from slipdetect.lab.models.packages import average_packages
    from slipdetect.models import load_package

    console = ctx.ensure_object(Console)
    packages = [load_package(model_folder(item)) for item in names]
    made = average_packages(packages, out, name=name or out.resolve().name, overwrite=overwrite)
    console.text(f"{out}: mean of {len(packages)} models, {made.config.name}\n")
