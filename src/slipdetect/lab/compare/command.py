"""``slipdetect compare``: backbones, modalities and fusions side by side.

In: scores that evaluate left. Out: tables on stdout; a page, data and a plot in a folder.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slipdetect._io import output_files
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from slipdetect.lab.compare.comparison import Comparison

_FILES = ("comparison.md", "comparison.csv", "comparison.json", "comparison.png")


def _weights(
    ctx: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> list[dict[str, float]]:
    found = []
    for value in values:
        weights: dict[str, float] = {}
        for part in value.split(","):
            name, _, number = part.strip().partition("=")
            try:
                weight = float(number)
            except ValueError:
                weight = -1.0
            if not name or name in weights or not 0 <= weight < 1e9:
                raise click.BadParameter(f"{value!r} is no list such as rgb=1,flow=1.5")
            weights[name] = weight
        if sum(weights.values()) <= 0:
            raise click.BadParameter(f"{value!r} has no weight above 0")
        found.append({name: weight for name, weight in weights.items() if weight > 0})
    return found


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder for {', '.join(_FILES[:3])} and {_FILES[3]}; made if new.",
)
@click.option(
    "--weights",
    "own",
    multiple=True,
    metavar="NAME=W,NAME=W",
    callback=_weights,
    help="A fusion of your own, such as rgb=1,flow=2; repeatable.",
)
@click.option(
    "--against",
    metavar="ROW",
    help="The row to test all others against.  [default: the best on validation, or the first]",
)
@click.option("--common", is_flag=True, help="Compare on the clips that all runs have.")
@click.option("--no-validation", is_flag=True, help="Use no validation scores, fit no weights.")
@click.option(
    "--saturated-fallback",
    is_flag=True,
    help="Where over 90% of the clips' rgb probabilities are nearly 1, fuse rgb and flow as flow "
    "alone; where they are nearly 0, as rgb alone.",
)
@click.option(
    "--resamples",
    type=click.IntRange(100, 100_000),
    default=2000,
    show_default=True,
    help="Of the bootstrap.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of its draws.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run left in --out.")
@common_options
@click.pass_context
def compare(
    ctx: click.Context,
    /,
    runs: tuple[Path, ...],
    out: Path | None,
    own: list[dict[str, float]],
    against: str | None,
    common: bool,
    no_validation: bool,
    saturated_fallback: bool,
    resamples: int,
    seed: int,
    overwrite: bool,
) -> None:
    """Compare backbones, modalities and fusion weights on the same clips.

    RUN is a scores file of evaluate, or a folder with scores-test.npz and, where there are
    validation clips, scores-val.npz. Runs of one backbone with one modality each are fused: by the
    2020 report's weights (Table 7), by --weights, and by weights fitted on the validation clips.
    Every row has 95% intervals and is tested against a reference row.

    \b
    slipdetect compare runs/rgb runs/flow runs/rgbdiff --out comparison
    slipdetect compare a.npz b.npz --weights rgb=1,flow=2 --against "resnet101 rgb"
    """
    from slipdetect.lab.compare.comparison import compare as compared
    from slipdetect.lab.compare.comparison_table import comparison_table
    from slipdetect.lab.compare.score_runs import join_runs, load_run

    console = ctx.ensure_object(Console)
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError("a run is named twice; name every run once")
    targets = [] if out is None else output_files(out, _FILES, overwrite=overwrite)
    sets = join_runs([load_run(run, validation=not no_validation) for run in runs], common=common)
    result = compared(
        sets,
        own=own,
        against=against,
        saturated_fallback=saturated_fallback,
        resamples=resamples,
        seed=seed,
    )
    if targets:
        _write(result, targets, _command(ctx), overwrite)
    console.text(comparison_table(result))
    if targets:
        console.note(f"written: {', '.join(str(target) for target in targets)}")


def _command(ctx: click.Context) -> str:
    """Return the command without the folders of this machine."""
    words = ["slipdetect", "compare", *map(_place, ctx.params["runs"])]
    for weights in ctx.params["own"]:
        words += ["--weights", ",".join(f"{name}={weight:g}" for name, weight in weights.items())]
    if ctx.params["against"] is not None:
        words += ["--against", ctx.params["against"]]
    for flag in ("common", "no_validation", "saturated_fallback"):
        words += [f"--{flag.replace('_', '-')}"] if ctx.params[flag] else []
    words += ["--resamples", str(ctx.params["resamples"]), "--seed", str(ctx.params["seed"])]
    return shlex.join(words)


def _place(run: Path) -> str:
    outside = run.is_absolute() or ".." in run.parts
    return run.name if outside else run.as_posix()


def _write(result: Comparison, targets: list[Path], command: str, overwrite: bool) -> None:
    from slipdetect._io import atomic_write
    from slipdetect.lab.compare.comparison_csv import comparison_csv, comparison_data
    from slipdetect.lab.compare.comparison_plot import draw_comparison
    from slipdetect.lab.compare.comparison_table import comparison_markdown

    page, table, data, plot = targets
    text = json.dumps(comparison_data(result, command), indent=2, allow_nan=False)
    contents = (
        (page, comparison_markdown(result, command)),
        (table, comparison_csv(result)),
        (data, text + "\n"),
    )
    for target, content in contents:
        with atomic_write(target, overwrite=overwrite) as temporary:
            temporary.write_text(content, encoding="utf-8", newline="\n")
    with atomic_write(plot, overwrite=overwrite) as temporary:
        draw_comparison(result, temporary)
