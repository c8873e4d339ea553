"""The options of ``slipdetect train``, by the headings of its help page.

In: nothing. Out: ``TRAIN_OPTIONS``; what was given of them as one ``TrainOptions``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import click
from click.core import ParameterSource

from slipdetect.cli.completion import FILE_NAME
from slipdetect.cli.grouped import section
from slipdetect.cli.typed_options import FOLDER, PATH, Number, flag, headed, option, options_of
from slipdetect.errors import UsageError
from slipdetect.lab.data.choose_clips import DATASET_OPTIONS
from slipdetect.lab.evaluate.options import device_option
from slipdetect.lab.train.recipes import POSE, Recipe, load_recipe
from slipdetect.lab.train.settings import SET_OPTION, given_settings, setting_option
from slipdetect.modalities.snippet import MODALITIES

# settings with an option of their own; all others are reached by --set
_NAMED = ("init_from", "backbone", "weights", "epochs", "batch_size", "lr", "seed", "workers")
# of what the pose stream has no use for
_NOT_FOR_POSE = ("negatives", "mine_above", "store", "device", "tensorboard")
_CLIPS, _TRAINING, _RUN = "Clips", "Training (where not given, as RECIPE says)", "Run"
_INFORMATION = "Information"


@dataclass(frozen=True, kw_only=True)
class TrainOptions:
    """What was given to ``slipdetect train``, by the names of its options.

    Attributes:
        recipe: The settings to begin with, of the streams to train.
        settings: Settings that win over the recipe's, by name.
        modalities: Streams that were named.
    """

    recipe: Recipe
    settings: Mapping[str, Any]
    dataset: tuple[str, ...]
    exclude: tuple[str, ...]
    data: Path | None = headed(
        _CLIPS, "A row per clip or event; see above.", "CLIPS.csv", type=PATH
    )
    root: Path | None = headed(
        _CLIPS, "Folder of the clips.  [default: that of --data]", type=FOLDER
    )
    negatives: tuple[str, ...] = option(
        heading=_CLIPS,
        multiple=True,
        metavar="FOLDER",
        type=FILE_NAME,
        help="Footage in which nobody falls: what the model of --init-from takes for a fall in "
        "it is learned from; repeatable.",
    )
    mine_above: float = headed(
        _CLIPS,
        "Probability from which a window of --negatives is learned from.",
        "P",
        type=Number(0.0, 1.0),
        default=0.2,
        beside=("negatives",),
    )
    store: Path | None = headed(_CLIPS, "Frames and flow that extract made.", type=FOLDER)
    cache: Path = headed(
        _CLIPS, "Decoded frames.  [default: frame-cache beside --out]", type=FOLDER
    )
    allow_leaks: bool = flag(_CLIPS, "Train although the split leaks.")
    modalities: tuple[str, ...] = option(
        "--modality",
        heading=_TRAINING,
        type=click.Choice([*MODALITIES, *POSE.modalities]),
        multiple=True,
        help="A stream to train; repeat it for several, but train pose by itself.",
    )
    out: Path = headed(_RUN, "Folder for the results.  [default: runs/NAME]", type=FOLDER)
    name: str = headed(_RUN, "Name of the model.", default="slipdetect")
    resume: bool = flag(_RUN, "Continue the run in --out, exactly.")
    overwrite: bool = flag(_RUN, "Replace an earlier run in --out.")
    device: str = device_option(heading=_RUN, metavar="NAME")
    tensorboard: bool = flag(_RUN, "Write OUT/tensorboard too.")
    list_settings: bool = option(
        "--settings", heading=_INFORMATION, is_flag=True, help="List every setting."
    )
    show: bool = flag(_INFORMATION, "Print the value of every setting and its origin.")

    @classmethod
    def read(cls, ctx: click.Context) -> Self:
        """Return what the command line, the environment and a settings file gave.

        Raises:
            UsageError: Options that do not go together.
        """
        given = ctx.params
        recipe = _chosen(given["recipe"], given["modalities"])
        sources = {name: ctx.get_parameter_source(name) for name in given}
        typed = {name for name, source in sources.items() if source is ParameterSource.COMMANDLINE}
        pairs = given["pairs"]
        twice = sorted(typed & {name for name, _ in pairs})
        if twice and "pairs" in typed:
            raise UsageError(f"{twice[0]} is given by an option of its own and by --set; drop one")
        if recipe.table is POSE:
            _refuse_for_pose(ctx)
        told = [name for name in _NAMED if sources[name] is not ParameterSource.DEFAULT]
        named = {name: given[name] for name in told}
        settings = given_settings(recipe.table, named, pairs, named_wins="pairs" not in typed)
        out = Path("runs") / given["name"] if given["out"] is None else given["out"]
        cache = out.parent / "frame-cache" if given["cache"] is None else given["cache"]
        made = {"recipe": recipe, "settings": settings, "out": out, "cache": cache}
        names = [item.name for item in fields(cls)]
        return cls(**{name: made[name] if name in made else given[name] for name in names})


TRAIN_OPTIONS = (
    *options_of(TrainOptions),
    section(_CLIPS, *DATASET_OPTIONS),
    section(_TRAINING, *(setting_option(name) for name in _NAMED if name != "workers"), SET_OPTION),
    section(_RUN, setting_option("workers")),
)


def _chosen(name: str, modalities: tuple[str, ...]) -> Recipe:
    """Return the recipe, for the modalities that were named.

    Raises:
        UsageError: There is no such recipe, or not for these modalities.
    """
    if name.endswith(".csv"):
        raise UsageError(f"{name!r} is not a recipe; give a list of clips by --data {name}")
    if set(POSE.modalities) & set(modalities) and len(set(modalities)) > 1:
        raise UsageError(
            "the pose stream is trained by itself; train the others first, then it by 'slipdetect "
            "train pose --init-from OUT/last'"
        )
    recipe = load_recipe("pose" if name == "default" and "pose" in modalities else name)
    return recipe.only(modalities) if modalities else recipe


def _refuse_for_pose(ctx: click.Context) -> None:
    """Refuse options that do nothing for the pose stream.

    Raises:
        UsageError: Naming the first one.
    """
    idle = [*_NOT_FOR_POSE, *(name for name in _NAMED if name not in POSE.by_name)]
    for name in idle:
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} does nothing for the pose stream; leave it out")
