"""Options of ``evaluate``, and which of them go together.

In: the command line. Out: click options, fusion weights, errors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from slipdetect.cli.detect_options import EVENT_OPTIONS, EVENT_SETTINGS
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.tested_clips import TESTED_OPTIONS

FORMATS = ("table", "json", "markdown")
SUFFIXES = {".json": "json", ".md": "markdown"}
SCORE_SUFFIXES = (".npz", ".pickle", ".pkl")
PREDICTIONS_SUFFIX = ".jsonl"
CLIP, EVENT = "clip", "event"

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)

# what only running a model, reading an annotation file, or reading old scores makes use of
_RUNNING = ("protocol", "cache", "store", "device")
_READING = ("split", "dataset", "exclude", "root")
_OLD = ("labels", "modality", "frames")
# what only one of the levels makes use of
_AT_LEVEL = {
    CLIP: ("protocol", "cache", "store", "fusion", "scores", "pickles", "confusion", *_OLD),
    EVENT: ("predictions", "curves", "mistakes", *EVENT_SETTINGS),
}


class _Weights(click.ParamType[dict[str, float]]):
    """Fusion weights by modality."""

    name = "NAME=W,NAME=W"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, float]:
        if isinstance(value, dict):
            return value
        weights: dict[str, float] = {}
        for part in str(value).split(","):
            name, _, number = part.strip().partition("=")
            try:
                weights[name] = float(number)
            except ValueError:
                self.fail(f"{part!r} is no weight such as flow=1.5", param, ctx)
            if not name or not math.isfinite(weights[name]) or weights[name] < 0:
                self.fail(f"{part!r} is no weight such as flow=1.5", param, ctx)
        return weights


EVALUATE_OPTIONS = [
    click.option(
        "--level",
        type=click.Choice([CLIP, EVENT]),
        default=CLIP,
        show_default=True,
        help="Judge whole clips, or when in them somebody falls.",
    ),
    *TESTED_OPTIONS,
    click.option(
        "--protocol",
        metavar="SxC",
        help="Segments by crops (1, 2, 5 or 10), such as 25x10, or 'windows'.  [default: windows; "
        "25x1 for models trained on whole clips]",
    ),
    click.option(
        "--cache",
        type=_FOLDER,
        help="Folder for decoded frames, to be used again.  [default: none is kept]",
    ),
    click.option(
        "--store", type=_FOLDER, help="Folder of slipdetect extract to take frames and flow from."
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
    ),
    click.option(
        "--fusion",
        type=_Weights(),
        help="Weights to fuse by, such as rgb=1,flow=1.5.  [default: the model's own]",
    ),
    click.option("--format", type=click.Choice(FORMATS), help="[default: by --out, or table]"),
    click.option("--out", type=_FILE, help="File for the tables.  [default: standard output]"),
    click.option("--scores", type=_FILE, help="File to keep the scores in, .npz."),
    click.option(
        "--pickles",
        type=_FOLDER,
        help="Folder for the scores as the two-stream code reads them: MODALITY.pickle.",
    ),
    click.option("--confusion", type=_FILE, help="File for a picture of what was taken for what."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist."),
    click.option(
        "--labels",
        default="slip,other",
        show_default=True,
        metavar="A,B",
        help="Old scores: names of their classes in order.",
    ),
    click.option(
        "--modality", default="scores", show_default=True, help="Old scores: their stream's name."
    ),
    click.option(
        "--frames",
        type=click.IntRange(min=1),
        default=1,
        show_default=True,
        help="Old scores: frames whose scores were summed, 19 in the two-stream code.",
    ),
    click.option(
        "--predictions", type=_FILE, help="Events: file to keep what was found in, .jsonl."
    ),
    click.option(
        "--curves", type=_FILE, help="Events: file for a picture of what other thresholds give."
    ),
    click.option("--mistakes", type=_FILE, help="Events: file for pictures of the worst mistakes."),
    *EVENT_OPTIONS,
]


def format_of(out: Path | None) -> str:
    """Return the format that the name of a file asks for."""
    return "table" if out is None else SUFFIXES.get(out.suffix.lower(), "table")


def check_level(ctx: click.Context, level: str) -> None:
    """Refuse options of the other level.

    Raises:
        UsageError: Naming the option.
    """
    other = CLIP if level == EVENT else EVENT
    for name in _AT_LEVEL[other]:
        if given(ctx, name):
            flag = name.replace("_", "-")
            raise UsageError(f"--{flag} is for --level {other}, not for {level}; leave one out")


def given(ctx: click.Context, name: str) -> bool:
    """Return whether an option is on the command line; the environment serves other runs too."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def check_together(ctx: click.Context, *, data: bool, kept: bool, old: bool) -> None:
    """Refuse options that what was named makes no use of.

    Args:
        ctx: With the options.
        data: There is a DATA.csv.
        kept: MODEL is a file of scores.
        old: It is one of the reference's.

    Raises:
        UsageError: Naming the option.
    """
    if kept and not old and data:
        raise UsageError("these scores have their clips; leave DATA.csv out")
    useless: dict[str, str] = {}
    if kept:
        useless |= dict.fromkeys(_RUNNING, "the clips are scored already")
    if not data:
        useless |= dict.fromkeys(_READING, "there is no DATA.csv")
    if not old:
        useless |= dict.fromkeys(_OLD, "these are no scores of the reference code")
    for name, reason in useless.items():
        if given(ctx, name):
            raise UsageError(f"--{name} is of no use: {reason}; leave it out")
