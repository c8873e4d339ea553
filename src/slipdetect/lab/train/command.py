"""``slipdetect train``: train networks on annotated videos.

In: an annotation file. Out: a folder with the model, its metrics and its learning curves.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.grouped import GroupedCommand
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import UsageError
from slipdetect.lab import require
from slipdetect.lab.data.choose_clips import choose_datasets, warn_of_known_groups
from slipdetect.lab.train.config import TRAIN, TrainConfig
from slipdetect.lab.train.options import TRAIN_OPTIONS, TrainOptions
from slipdetect.lab.train.recipes import POSE, Recipe
from slipdetect.lab.train.settings import POSE_TYPED, recipe_page, settings_page

if TYPE_CHECKING:
    from slipdetect.lab.train.metrics import Progress
    from slipdetect.models import ModelPackage


class _TrainCommand(GroupedCommand):
    """A command that answers a setting typed as an option with how to set it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if {"pose", "--modality=pose"} & set(args):
            # which settings a message speaks of
            ctx.meta[POSE_TYPED] = True
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            name = error.option_name.lstrip("-").replace("-", "_")
            if name not in {**TRAIN.by_name, **POSE.by_name}:
                raise
            message = f"No such option {error.option_name!r}; write --set {name}=VALUE."
            raise click.NoSuchOption(error.option_name, message, ctx=ctx) from None


@click.command(cls=_TrainCommand)
@click.argument("recipe", default="default", metavar="[RECIPE]")
@with_options(TRAIN_OPTIONS)
@common_options
@click.pass_context
def train(ctx: click.Context, /, **_: Any) -> None:
    """Train on annotated videos.

    \b
    RECIPE is where settings come from; options and --set win over it:
      default, course2020, course2020-resnest, course2020-resnest-rectified, tsn, two-stream or
      two-stream-vgg; one of them with -rgb, -flow or -rgbdiff for one stream; a .toml file; or
      pose, which gives a model (--init-from, else the bundled one) a stream of people's poses

    CLIPS.csv has a row per event or clip with the columns path and label (slip, fall, other) and,
    where known, start, end (seconds), group (person or scene), dataset, split (train, val, test).

    \b
    slipdetect train --data clips.csv --modality rgb --out runs/first
    slipdetect train --data clips.csv --init-from default --negatives recordings/quiet
    slipdetect train tsn-flow --data clips.csv --epochs 20 --set ema=0.999 --set lr_steps=10,15
    slipdetect train course2020-flow --show
    slipdetect train pose --data clips.csv --init-from runs/first/last --out runs/pose
    torchrun --nproc-per-node 4 -m slipdetect train course2020 --data clips.csv
    """
    console = ctx.ensure_object(Console)
    options = TrainOptions.read(ctx)
    is_pose = options.recipe.table is POSE
    recipe = options.recipe if is_pose else _with_start(options.recipe, options)
    if options.list_settings:
        console.text(settings_page(recipe))
        return
    if not options.show and options.data is None:
        raise click.MissingParameter(ctx=ctx, param_hint="--data", param_type="option")
    if is_pose:
        _train_pose(ctx, console, options)
        return
    configs = recipe.configs(options.settings)
    from slipdetect.lab.train.checks import require_backbones, require_trainable

    require_trainable(configs, options.name)
    if options.show or options.negatives:
        # a run builds its networks before it reads a clip, but after it has mined
        require_backbones(configs)
    if options.show:
        console.text(recipe_page(recipe, options.settings))
        return
    from slipdetect.lab.train.processes import leave_processes

    package, is_main, left_out = _run(console, configs, options)
    leave_processes()
    if is_main:
        from slipdetect.lab.train.records import closing

        note = f"   (last epoch; the best one is in {options.out / 'best'})"
        console.text(closing(_figures(package), options.out, note))
    if left_out:
        ctx.exit(SOME_FAILED)


def _with_start(recipe: Recipe, options: TrainOptions) -> Recipe:
    """Return the recipe with what the model to start from leaves no choice about."""
    given = options.settings.get("init_from")
    settings = [recipe.settings[modality] for modality in recipe.modalities]
    known = [each["init_from"].value for each in settings if "init_from" in each]
    start = given if "init_from" in options.settings else next(iter(known), None)
    if start is None:
        return recipe
    from slipdetect.detection import model_folder
    from slipdetect.models import load_package

    package = load_package(model_folder(start))
    streams = {stream.modality: stream for stream in package.config.streams}
    if given is not None and not options.modalities:
        common = [modality for modality in recipe.modalities if modality in streams]
        recipe = recipe.only(common or list(streams))
    fixed: dict[str, dict[str, Any]] = {}
    for name, stream in streams.items():
        fixed[name] = {"backbone": stream.backbone}
        if name != "rgb":
            fixed[name]["snippet_length"] = stream.snippet_length
    return recipe.changed(fixed, f"model {start}")


def _run(
    console: Console, configs: dict[str, TrainConfig], options: TrainOptions
) -> tuple[ModelPackage, bool, int]:
    """Train; return the package, whether this process talks, and how many clips were left out."""
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.train import TrainingRun
    from slipdetect.lab.train.mining import with_mined

    require("accelerate", "train")
    is_main = os.environ.get("RANK", "0") == "0"  # of a launch, the process that talks and writes
    if not is_main:
        console.quiet = True
        console.apply()

    clips = read_annotations(options.data or Path(), options.root)
    clips = choose_datasets(clips, options.dataset, options.exclude)
    if options.negatives:
        clips = with_mined(console, clips, configs, options)
    with training_bar(console) as show:
        run = TrainingRun(
            clips,
            options.out,
            list(configs),
            configs,
            cache=options.cache,
            store=options.store,
            name=options.name,
            device=options.device,
            overwrite=options.overwrite,
            resume=options.resume,
            allow_leaks=options.allow_leaks,
            tensorboard=options.tensorboard,
            on_progress=show,
            on_note=console.note,
        )
        processes = run.accelerator.num_processes
        many = f" in {processes} processes" if processes > 1 else ""
        kept = len(clips) - len(run.clips)
        unread = f" ({kept} test clips are not read)" if kept else ""
        console.note(f"{len(run.clips)} clips{unread}, training on {run.device}{many}")
        warn_of_known_groups(console, clips)
        with _going_on(console, options):
            return run.run(), is_main, len(run.left_out)


def _train_pose(ctx: click.Context, console: Console, options: TrainOptions) -> None:
    """Train the pose stream, or show what would be done."""
    settings = options.recipe.pose_settings(options.settings)
    if options.show:
        console.text(recipe_page(options.recipe, options.settings))
        return
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("the pose stream is trained by one process; start it without a launcher")
    from slipdetect.lab.data import read_annotations
    from slipdetect.lab.pose.run import PoseRun, pose_closing

    clips = read_annotations(options.data or Path(), options.root)
    clips = choose_datasets(clips, options.dataset, options.exclude)
    with training_bar(console) as show:
        run = PoseRun(
            clips,
            options.out,
            settings,
            cache=options.cache,
            name=options.name,
            overwrite=options.overwrite,
            resume=options.resume,
            allow_leaks=options.allow_leaks,
            on_progress=show,
        )
        console.note(f"{len(run.clips)} clips")
        warn_of_known_groups(console, clips)
        with _going_on(console, options):
            package = run.run()
    console.text(pose_closing(package, options.out))
    if run.left_out:
        ctx.exit(SOME_FAILED)


@contextmanager
def training_bar(console: Console) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows how far a run is."""
    with console.bar(1.0) as bar:

        def show(progress: Progress) -> None:
            note = f" loss {progress.note}" if progress.note else ""
            text = f"{progress.stage} {progress.done}/{progress.total}{note}"
            bar.show(progress.done / progress.total, text, now=progress.done == progress.total)

        yield show


@contextmanager
def _going_on(console: Console, options: TrainOptions) -> Iterator[None]:
    """Say how a run that is interrupted in the block goes on."""
    try:
        yield
    except KeyboardInterrupt:
        again = "--resume in place of --overwrite" if options.overwrite else "--resume"
        console.note(f"interrupted; go on with the same command and {again}")
        raise


def _figures(package: ModelPackage) -> list[str]:
    """Return how good the streams are, in training and on what was held out."""
    lines = []
    for modality, metrics in package.config.training.get("metrics", {}).items():
        accuracy, auc = metrics.get("val_accuracy"), metrics.get("val_auc")
        held_out = "nothing held out" if accuracy is None else f"validation accuracy {accuracy:.3f}"
        area = "" if auc is None else f", area under ROC {auc:.3f}"
        lines.append(
            f"{modality}: training accuracy {metrics['train_accuracy']:.3f}, {held_out}{area}"
        )
    return lines
