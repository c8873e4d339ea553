"""Options of ``calibrate``, and which of them go together.

In: the command line. Out: click options, a budget, errors.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from slipdetect.errors import UsageError
from slipdetect.lab.data.choose_clips import DATASET_OPTIONS
from slipdetect.lab.evaluate.options import given

_FOLDER = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)
_RATE = click.FloatRange(min=0.0, min_open=True)

CALIBRATE_OPTIONS = (
    click.option(
        "--negatives",
        multiple=True,
        metavar="FOLDER",
        help="Your own footage in which nobody falls: a folder, a video or a pattern; repeatable.",
    ),
    click.option("--per-day", type=_RATE, help="False events a day to allow.  [default: 1]"),
    click.option("--per-hour", type=_RATE, help="False events an hour to allow."),
    click.option(
        "--data",
        type=_FILE,
        metavar="CLIPS.csv",
        help="Labeled clips that the model has not learned from, to fit its probabilities on.",
    ),
    click.option(
        "--split",
        type=click.Choice(["train", "val", "test", "all"]),
        help="Rows of CLIPS.csv to fit on.  [default: val; all where the file has no split]",
    ),
    *DATASET_OPTIONS,
    click.option("--root", type=_FOLDER, help="Folder of the clips.  [default: that of CLIPS.csv]"),
    click.option(
        "--bins",
        type=click.Choice(["mass", "width"]),
        default="mass",
        show_default=True,
        help="Bins of the calibration error: as many windows each, or as wide.",
    ),
    click.option(
        "--reliability", type=_FILE, metavar="FILE.png", help="File for a reliability diagram."
    ),
    click.option("--out", type=_FOLDER, required=True, help="Folder for the calibrated model."),
    click.option("--overwrite", is_flag=True, help="Replace what is there."),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
    ),
)


def budget(ctx: click.Context, options: dict[str, Any]) -> float:
    """Return the false events an hour that were asked for.

    Raises:
        UsageError: Options that do not go together.
    """
    daily, hourly = options["per_day"], options["per_hour"]
    if not options["negatives"] and options["data"] is None:
        raise UsageError("say what to calibrate on: --negatives FOLDER, --data CLIPS.csv, or both")
    if daily is not None and hourly is not None:
        raise UsageError("--per-day and --per-hour are two budgets; give one")
    if (daily is not None or hourly is not None) and not options["negatives"]:
        raise UsageError("a budget of false events needs footage to count them: give --negatives")
    for name in ("split", "dataset", "exclude", "root", "bins", "reliability"):
        if given(ctx, name) and options["data"] is None:
            raise UsageError(f"--{name} is of no use without --data; leave it out")
    allowed = (1.0 if daily is None else daily) / 24 if hourly is None else hourly
    if not math.isfinite(allowed):
        raise UsageError(f"a budget is a number of false events, not {allowed}")
    return float(allowed)
