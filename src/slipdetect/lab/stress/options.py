"""Options of ``stress``.

In: the command line. Out: click options, names of conditions, strengths by condition.
"""

from __future__ import annotations

import math
from pathlib import Path

import click

from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.options import given
from slipdetect.lab.evaluate.tested_clips import TESTED_OPTIONS

FORMATS = ("table", "json", "markdown")
# named here too, in their order, because the help page loads nothing that knows them
NAMES = "dark, noise, blur, compression, rate, edges, cover, mirror, tilt, turn, viewpoint"

_FOLDER = click.Path(path_type=Path, file_okay=False)


def parse_names(text: str | None) -> list[str]:
    """Return the names in a list such as ``"dark,noise"``; none of no list.

    Raises:
        UsageError: There is a list without a name.
    """
    names = [] if text is None else [name.strip() for name in text.split(",") if name.strip()]
    if text is not None and not names:
        raise UsageError(f"--conditions {text!r} names none of {NAMES}; leave it out for all")
    return names


def check_stress(ctx: click.Context, *, drawn: bool) -> None:
    """Refuse options that only testing, or only drawing, makes use of.

    Args:
        ctx: With the options.
        drawn: Pictures are drawn and nothing is tested.

    Raises:
        UsageError: Naming the option.
    """
    for name in ("out", "format", "device") if drawn else ("overwrite",):
        if given(ctx, name):
            reason = "--pictures tests nothing" if drawn else "a run in --out is gone on with"
            raise UsageError(f"--{name} is of no use: {reason}; leave it out")


def parse_strengths(values: tuple[str, ...]) -> dict[str, list[float]]:
    """Return the strengths by condition of values such as ``"noise=10,30"``.

    Raises:
        UsageError: A value is no such list, or two are of one condition.
    """
    found: dict[str, list[float]] = {}
    for value in values:
        name, _, numbers = value.partition("=")
        try:
            strengths = [float(number) for number in numbers.split(",")]
        except ValueError:
            strengths = []
        if not strengths or not all(map(math.isfinite, strengths)) or name.strip() in found:
            raise UsageError(f"--strengths {value!r} is no list such as noise=10,30, once for each")
        found[name.strip()] = strengths
    return found


STRESS_OPTIONS = [
    click.option(
        "--conditions",
        metavar="NAME,NAME",
        help=f"What is done to the clips: {NAMES}.  [default: all]",
    ),
    click.option(
        "--strengths",
        multiple=True,
        metavar="NAME=S,S",
        help="Other strengths for a condition, such as noise=10,30; repeatable.",
    ),
    click.option("--quick", is_flag=True, help="Take 12 clips with a fall and 12 without only."),
    *TESTED_OPTIONS,
    click.option(
        "--out",
        type=_FOLDER,
        help="Folder of predictions, tables and plot; a run that was stopped goes on there.  "
        "[default: runs/stress, or runs/stress-quick]",
    ),
    click.option(
        "--pictures",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE.png",
        help="Only draw one clip under every condition; nothing is tested.",
    ),
    click.option(
        "--format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="On stdout.",
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the noise."
    ),
    click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps."
    ),
    click.option("--overwrite", is_flag=True, help="Replace the file of --pictures if it exists."),
]
