"""``slipdetect reproduce``: the 2020 course report's tables on anybody's clips.

In: a table's name and annotated clips. Out: the table with intervals, on stdout and in files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import OutputError
from slipdetect.lab.course2020.reproduce_options import DECIDED_BY_QUICK, REPRODUCE_OPTIONS
from slipdetect.lab.course2020.tables import make_table, table_names

if TYPE_CHECKING:
    from slipdetect.lab.course2020.division import Division
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.reproduce_view import ReproduceView
    from slipdetect.lab.course2020.settings import Settings


@click.command()
@click.argument("table", metavar="TABLE", type=click.Choice(table_names()))
@with_options(REPRODUCE_OPTIONS)
@common_options
@click.pass_context
def reproduce(ctx: click.Context, /, table: str, **options: Any) -> None:
    """Run the experiments of a table of the 2020 course report on your clips.

    \b
    table1    size of the training data: two-stream ResNet101 on four shares
    table2    VGG-16 against ResNet101 on two of these shares
    table3    the two-stream network: spatial, motion, fusion
    table6    five backbones by three modalities (temporal segment networks)
    table7    fusions of the runs of table6
    segments  1, 3, 5 and 10 segments per clip, with curves

    Every trial trains one network, chooses its epoch by the validation clips and scores the test
    clips once. What is done stays done: run the same again after a stop, and it goes on. Tables
    share trials, so table7 after table6 trains nothing.

    Without a column split, whole groups are divided into training, validation and test clips
    (60/15/25); OUT/split.csv says how. The table is written to OUT too (.md, .csv, .json). A split
    with a group on two sides, such as the official ones of HMDB51, needs --allow-leaks.

    \b
    slipdetect reproduce table6 --data clips.csv --quick
    slipdetect reproduce table6 --data clips.csv --workers 8 --with-report
    """
    given = [name for name in DECIDED_BY_QUICK if options[name] is not None]
    if options["quick"] and given:
        raise click.UsageError(f"--quick decides --{given[0]} itself; leave one of them out")
    from slipdetect.lab.course2020.reproduce_view import ReproduceView

    console = ctx.ensure_object(Console)
    experiment, division = _experiment(table, options)
    # a pattern without a trial ends here, before anything is written
    experiment.attempts(options["only"])
    view = ReproduceView(console, experiment)
    view.warn()
    if options["listing"]:
        view.listing(options["only"])
        return
    ctx.exit(_run(experiment, division, view, options))


def _experiment(table: str, options: dict[str, Any]) -> tuple[Experiment, Division]:
    """Return what is to be done; nothing is written yet."""
    from slipdetect.lab.course2020.division import make_division
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.settings import smoke_division
    from slipdetect.lab.course2020.training_work import TrainingWork
    from slipdetect.lab.data import read_annotations

    out = _out(options)
    root = options["data"].parent if options["root"] is None else options["root"]
    clips = read_annotations(options["data"], options["root"])
    division = make_division(clips, root, allow_leaks=options["allow_leaks"])
    if options["quick"]:
        division = smoke_division(division)
    settings = _settings(options, out)
    seeds = range(1 if options["seeds"] is None else options["seeds"])
    shown = {
        "protocol": settings.protocol,
        "starting weights": "random" if settings.weights is None else settings.weights,
        "seeds": ", ".join(map(str, seeds)),
        **({} if options["epochs"] is None else {"epochs": str(options["epochs"])}),
    }
    work = TrainingWork(division, settings)
    plan = make_table(table)
    return Experiment(plan, division, out, work, seeds, shown, settings.smoke), division


def _out(options: dict[str, Any]) -> Path:
    if options["out"] is not None:
        return Path(options["out"])
    return Path("runs") / ("reproduce-quick" if options["quick"] else "reproduce")


def _settings(options: dict[str, Any], out: Path) -> Settings:
    from slipdetect.lab.course2020.settings import Settings, smoke_settings

    cache = out / "frame-cache" if options["cache"] is None else options["cache"]
    if options["quick"]:
        return smoke_settings(cache, options["store"], options["device"])
    weights = "imagenet" if options["weights"] is None else options["weights"]
    changes = {
        name: options[name]
        for name in ("epochs", "workers", "accumulate")
        if options[name] is not None
    }
    return Settings(
        cache,
        protocol="25x1" if options["protocol"] is None else options["protocol"],
        weights=None if weights == "none" else weights,
        store=options["store"],
        device=options["device"],
        changes=changes,
    )


def _run(
    experiment: Experiment, division: Division, view: ReproduceView, options: dict[str, Any]
) -> int:
    from slipdetect.lab.course2020.division import keep_division
    from slipdetect.lab.course2020.reported import REPORTED
    from slipdetect.lab.extract.lock import folder_lock

    out = experiment.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {str(out)!r}: {error.strerror}; choose another") from error
    with folder_lock(out):
        split = keep_division(division, out)
        view.begin(options["only"], split)
        with view.bar():
            failures = experiment.run(options["only"], view.progress, view.ended)
        result = experiment.result(failures)
        reported = REPORTED.get(result.name) if options["with_report"] else None
        view.table(result, reported)
    return SOME_FAILED if result.failures else 0
