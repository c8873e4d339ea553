"""``slipdetect train``: train networks on annotated videos.

In: an annotation file. Out: a folder with the model, its metrics and its learning curves.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab.data.choose_clips import SOURCE_OPTIONS, choose_sources, warn_of_known_groups
from slipdetect.lab.evaluate.options import given as named
from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.config_options import config_options
from slipdetect.lab.train.mining_command import with_mined
from slipdetect.lab.train.recipe_page import recipe_page
from slipdetect.lab.train.recipes import list_recipes, load_recipe
from slipdetect.modalities.snippet import MODALITIES

if TYPE_CHECKING:
    from slipdetect.lab.train import Progress
    from slipdetect.models import ModelPackage

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("data", metavar="DATA.csv", type=click.Path(path_type=Path), required=False)
@click.option(
    "--recipe",
    default="default",
    show_default=True,
    metavar="NAME",
    help=f"Settings to begin with: {', '.join(list_recipes())}, one of them with -rgb, -flow or "
    "-rgbdiff for one stream, or a .toml file.",
)
@click.option("--show", is_flag=True, help="Print every setting and where it comes from, and stop.")
@click.option(
    "--modality",
    "modalities",
    type=click.Choice(MODALITIES),
    multiple=True,
    help="A stream to train; repeat it for several.  [default: the recipe's]",
)
@click.option("--out", type=_FOLDER, help="Folder for the results.  [default: runs/NAME]")
@click.option("--name", default="slipdetect", show_default=True, help="Name of the model.")
@click.option("--root", type=_FOLDER, help="Folder of the videos.  [default: that of DATA.csv]")
@with_options(SOURCE_OPTIONS)
@click.option(
    "--cache", type=_FOLDER, help="Folder for decoded frames.  [default: frame-cache beside OUT]"
)
@click.option(
    "--store", type=_FOLDER, help="Folder of slipdetect extract to take frames and flow from."
)
@click.option(
    "--normal",
    multiple=True,
    metavar="FOLDER",
    help="Footage in which nobody falls: what the model of --start takes for a fall in it is "
    "learned from; repeatable.",
)
@click.option(
    "--mine-above",
    type=click.FloatRange(0.0, 1.0),
    default=0.2,
    show_default=True,
    help="Probability from which a window of --normal is learned from.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option("--resume", is_flag=True, help="Go on with the run in OUT, exactly where it was.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier run in OUT.")
@click.option("--allow-leaks", is_flag=True, help="Train although the split leaks.")
@click.option("--tensorboard", is_flag=True, help="Write OUT/tensorboard too.")
@with_options(config_options(TrainConfig))
@common_options
@click.pass_context
def train(ctx: click.Context, /, data: Path | None, **options: Any) -> None:
    """Train on annotated videos.

    DATA.csv has a row per event or clip with the columns path and label (slip, fall, other) and,
    where known, start, end (seconds), group (person or scene), dataset and split (train, val,
    test). Options win over the recipe, the recipe over the defaults shown here.

    \b
    slipdetect train clips.csv --modality rgb --modality rgbdiff --out runs/first
    slipdetect train clips.csv --from default --normal recordings/quiet --out runs/kitchen
    slipdetect train --recipe course2020-flow --show
    torchrun --nproc-per-node 4 -m slipdetect train clips.csv --recipe course2020
    """
    console = ctx.ensure_object(Console)
    recipe = load_recipe(options["recipe"])
    if options["modalities"]:
        recipe = recipe.only(options["modalities"])
    names = {item.name for item in fields(TrainConfig)}
    # an option that can be repeated and is not given is an empty tuple
    given = {name: options[name] for name in names if options[name] not in (None, ())}
    if options["show"]:
        console.text(recipe_page(recipe, given))
        return
    if data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="DATA.csv", param_type="argument")
    if not options["normal"] and named(ctx, "mine_above"):
        raise UsageError("--mine-above is of no use without --normal; leave it out")
    out = options["out"] if options["out"] is not None else Path("runs") / options["name"]
    from slipdetect.lab.train.processes import leave_processes

    package, is_main, left_out = _run(console, data, out, recipe.configs(given), options)
    leave_processes()
    if is_main:
        console.text(_closing(package, out))
    if left_out:
        ctx.exit(SOME_FAILED)


def _run(
    console: Console,
    data: Path,
    out: Path,
    configs: dict[str, TrainConfig],
    options: dict[str, Any],
) -> tuple[ModelPackage, bool, int]:
    """Train; return the package, whether this process talks, and how many clips were left out."""
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.train import TrainingRun
    from slipdetect.lab.train.processes import is_main_process

    is_main = is_main_process()
    if not is_main:
        console.quiet = True
        console.apply()

    clips = read_annotations(data, options["root"])
    clips = choose_sources(clips, options["only"], options["exclude"])
    if options["normal"]:
        clips = with_mined(console, clips, out, configs, options)
    with console.bar(1.0) as bar:

        def show(progress: Progress) -> None:
            note = f" loss {progress.note}" if progress.note else ""
            text = f"{progress.stage} {progress.done}/{progress.total}{note}"
            bar.show(progress.done / progress.total, text, now=progress.done == progress.total)

        run = TrainingRun(
            clips,
            out,
            list(configs),
            configs,
            cache=out.parent / "frame-cache" if options["cache"] is None else options["cache"],
            store=options["store"],
            name=options["name"],
            device=options["device"],
            overwrite=options["overwrite"],
            resume=options["resume"],
            allow_leaks=options["allow_leaks"],
            tensorboard=options["tensorboard"],
            on_progress=show,
        )
        processes = run.accelerator.num_processes
        many = f" in {processes} processes" if processes > 1 else ""
        kept = len(clips) - len(run.clips)
        unread = f" ({kept} test clips are not read)" if kept else ""
        console.note(f"{len(run.clips)} clips{unread}, training on {run.device}{many}")
        warn_of_known_groups(console, clips)
        try:
            return run.run(), is_main, len(run.left_out)
        except KeyboardInterrupt:
            again = "--resume in place of --overwrite" if options["overwrite"] else "--resume"
            console.note(f"interrupted; go on with the same command and {again}")
            raise


def _closing(package: ModelPackage, out: Path) -> str:
    """Tell how good the streams are on what was held out, where they are and how to use them."""
    lines = []
    for modality, metrics in package.config.training.get("metrics", {}).items():
        accuracy, auc = metrics.get("val_accuracy"), metrics.get("val_auc")
        held_out = "nothing held out" if accuracy is None else f"validation accuracy {accuracy:.3f}"
        area = "" if auc is None else f", area under ROC {auc:.3f}"
        lines.append(
            f"{modality}: training accuracy {metrics['train_accuracy']:.3f}, {held_out}{area}"
        )
    lines += [
        "",
        f"model     {package.folder}   (last epoch; the best one is in {out / 'best'})",
        f"curves    {out / 'curves.png'}   (as a table: {out / 'curves.csv'})",
        f"metrics   {out / 'metrics.jsonl'}",
        f"use it    slipdetect detect VIDEO --model {package.folder}",
    ]
    return "\n".join(lines) + "\n"
