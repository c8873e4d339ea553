"""``slipdetect compare``: backbones, modalities and fusions side by side.

In: scores that evaluate left. Out: tables on stdout; a page, data and a plot in a folder.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

import click

from slipdetect._io import output_files, write_text
from slipdetect.cli.console import Console
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FOLDER, option, with_settings
from slipdetect.errors import UsageError
from slipdetect.lab.evaluate.options import FusionWeights
from slipdetect.lab.evaluate.output import write_figure

_FILES = ("comparison.md", "comparison.csv", "comparison.json", "comparison.png")


@dataclass(frozen=True, kw_only=True)
class CompareSettings:
    """Options of ``compare``."""

    out: Path | None = option(
        type=FOLDER, help=f"Folder for {', '.join(_FILES[:3])} and {_FILES[3]}; made if new."
    )
    weights: tuple[dict[str, float], ...] = option(
        multiple=True,
        type=FusionWeights(),
        help="A fusion of your own, such as rgb=1,flow=2; repeatable.",
    )
    against: str | None = option(
        metavar="ROW",
        help="The row to test all others against.  [default: the best on validation, or the first]",
    )
    common: bool = option(is_flag=True, help="Compare on the clips that all runs have.")
    no_validation: bool = option(is_flag=True, help="Use no validation scores, fit no weights.")
    saturated_fallback: bool = option(
        is_flag=True,
        help="Where over 90% of the clips' rgb probabilities are nearly 1, fuse rgb and flow as "
        "flow alone; where they are nearly 0, as rgb alone.",
    )
    resamples: int = option(
        type=click.IntRange(100, 100_000), default=2000, help="Of the bootstrap."
    )
    seed: int = option(type=click.IntRange(0), default=0, help="Of its draws.")
    overwrite: bool = option(is_flag=True, help="Replace what an earlier run left in --out.")


@click.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@with_settings(CompareSettings)
@common_options
@click.pass_context
def compare(ctx: click.Context, /, runs: tuple[Path, ...], settings: CompareSettings) -> None:
    """Compare runs and fusion weights on the same clips.

    RUN is a scores file of evaluate clips, or a folder with scores-test.npz and, where there are
    validation clips, scores-val.npz. Runs of one backbone with one modality each are fused: by the
    2020 report's weights (Table 7), by --weights, and by weights fitted on the validation clips.
    Every row has 95% intervals and is tested against a reference row.

    \b
    slipdetect compare runs/rgb runs/flow runs/rgbdiff --out comparison
    slipdetect compare a.npz b.npz --weights rgb=1,flow=2 --against "resnet101 rgb"
    """
    from slipdetect.lab.compare.comparison import compare as compared
    from slipdetect.lab.compare.report import comparison_csv, comparison_data, comparison_page
    from slipdetect.lab.compare.runs import join_runs, load_run

    console = ctx.ensure_object(Console)
    if len({run.resolve() for run in runs}) < len(runs):
        raise UsageError("a run is named twice; name every run once")
    targets: list[Path] = []
    if settings.out is not None:
        targets = output_files(settings.out, _FILES, overwrite=settings.overwrite)
    loaded = [load_run(run, validation=not settings.no_validation) for run in runs]
    result = compared(
        join_runs(loaded, common=settings.common),
        own=settings.weights,
        against=settings.against,
        saturated_fallback=settings.saturated_fallback,
        resamples=settings.resamples,
        seed=settings.seed,
    )
    if targets:
        from slipdetect.lab.compare.plot import comparison_figure

        command, overwrite = _command(runs, settings), settings.overwrite
        data = json.dumps(comparison_data(result, command), indent=2, allow_nan=False)
        page = comparison_page(result, command, full=True).markdown()
        for target, text in zip(targets, (page, comparison_csv(result), data + "\n"), strict=False):
            write_text(target, text, overwrite=overwrite)
        figure = comparison_figure(result)
        write_figure(console, figure, targets[-1], overwrite=overwrite, quiet=True)
    console.text(comparison_page(result).text())
    if targets:
        console.note(f"written: {', '.join(str(target) for target in targets)}")


def _command(runs: tuple[Path, ...], settings: CompareSettings) -> str:
    """Return the command without the folders of this machine."""
    words = ["slipdetect", "compare", *map(_place, runs)]
    for weights in settings.weights:
        words += ["--weights", ",".join(f"{name}={weight:g}" for name, weight in weights.items())]
    if settings.against is not None:
        words += ["--against", settings.against]
    for flag in ("common", "no_validation", "saturated_fallback"):
        words += [f"--{flag.replace('_', '-')}"] if getattr(settings, flag) else []
    words += ["--resamples", str(settings.resamples), "--seed", str(settings.seed)]
    return shlex.join(words)


def _place(run: Path) -> str:
    outside = run.is_absolute() or ".." in run.parts
    return run.name if outside else run.as_posix()
