"""``slipdetect models export`` and ``average``: models for other programs, one model of several.

In: packages. Out: graphs; a ``.pth.tar`` file of tsn-pytorch; a package of mean weights.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect.cli.completion import MODEL_NAME
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import MODALITIES

if TYPE_CHECKING:
    from slipdetect.models import ModelPackage


_TARGETS = ("tsn-pytorch", "onnx", "openvino")


@click.command()
@click.argument("name", metavar="MODEL", type=MODEL_NAME)
@click.option(
    "--to",
    "target",
    type=click.Choice(_TARGETS),
    default="tsn-pytorch",
    help="An old checkpoint, or graphs for other engines and programs.",
)
@click.option(
    "--stream",
    type=click.Choice(MODALITIES),
    help="Of a checkpoint: which stream; needed where there are several.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="File of a checkpoint, such as rgb.pth.tar; folder of graphs.  [default: onnx: the "
    "package itself]",
)
@click.option(
    "--on",
    "video",
    type=click.Path(path_type=Path),
    metavar="VIDEO",
    help="Compare graphs with torch on its snippets.  [default: on drawn ones]",
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@common_options
@click.pass_context
def export(
    ctx: click.Context,
    /,
    name: str,
    target: str,
    stream: str | None,
    out: Path | None,
    video: Path | None,
    overwrite: bool,
) -> None:
    """Write graphs for other engines, or a stream as an old checkpoint.

    MODEL is 'default' or the folder of a package.

    A graph (--to onnx, --to openvino) is the network of a stream with its normalization, from the
    bytes of a snippet to its logits. Without --out the graphs become part of the package, and
    'detect' runs them by ONNX Runtime in place of torch. With it they hold their weights
    themselves, for any other program. Each is compared with torch, and not written if it differs.

    A checkpoint (.pth.tar) is one of tsn-pytorch: epoch, arch, state_dict (base_model.*, new_fc.*)
    and best_prec1. A text under 'slipdetect' lets 'models import' restore the stream exactly, and
    the files of all streams the model; other programs do not look at it. What these will do
    otherwise is told, one line each.

    \b
    slipdetect models export runs/first/best --to onnx
    slipdetect models export default --to onnx --out graphs
    slipdetect models export runs/first/best --stream rgb --out rgb_model_best.pth.tar
    """
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package

    console = ctx.ensure_object(Console)
    package = load_package(model_folder(name))
    if target == "tsn-pytorch":
        if video is not None:
            raise UsageError("--on is for graphs; leave it out, or give --to onnx")
        if out is None:
            raise UsageError("give the file of the checkpoint with --out, or --to onnx")
        _export_checkpoint(console, package, stream, out, overwrite)
        return
    if stream is not None:
        raise UsageError("--stream is for checkpoints; graphs are written of every stream")
    if target == "openvino" and out is None:
        raise UsageError("give the folder of the graphs with --out; packages carry those of onnx")
    from slipdetect.lab.models.graphs import export_graphs, snippets_of

    if package.config.pose is not None and out is not None:
        console.warn(
            "people are not in the graphs: the model looks at them besides (docs/graphs.md)"
        )
    snippets = {} if video is None else snippets_of(package, video)
    for done in export_graphs(package, target, out, snippets, overwrite=overwrite):
        drawn = "drawn " if video is None else ""
        kind = "snippet" if done.snippets == 1 else "snippets"
        console.text(
            f"{done.path}: at most {done.apart:.1e} from torch on {done.snippets} {drawn}{kind}\n"
        )


def _export_checkpoint(
    console: Console, package: ModelPackage, stream: str | None, out: Path, overwrite: bool
) -> None:
    from slipdetect.lab.checkpoints import export_stream

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
    (train, val), so that all runs hold out the same ones; calibrate the mean on those. A pose
    stream stays behind: train one for the mean.

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
    if any(package.config.pose is not None for package in packages):
        console.warn(
            "the pose stream stays behind; train one for the mean: slipdetect train pose "
            f"--init-from {out}"
        )
    console.text(f"{out}: mean of {len(packages)} models, {made.config.name}\n")
