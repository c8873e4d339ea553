"""``slipdetect reproduce``: the 2020 course report's tables on anybody's clips.

In: a table's name and annotated clips. Out: the table with intervals, on stdout and in files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options, with_options
from slipdetect.errors import OutputError
from slipdetect.lab.course2020.tables import make_table, table_names

if TYPE_CHECKING:
    from slipdetect.lab.course2020.division import Division
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.reproduce_report import ReproduceView
    from slipdetect.lab.course2020.runs import Settings

# what --quick decides itself
_DECIDED_BY_QUICK = ("weights", "protocol", "epochs", "seeds")
_FOLDER = click.Path(path_type=Path, file_okay=False)

_OPTIONS = (
    click.option(
        "--data",
        required=True,
        metavar="CSV",
        type=click.Path(path_type=Path),
        help="Annotated clips, as for train; its column split is obeyed.",
    ),
    click.option(
        "--allow-leaks",
        is_flag=True,
        help="Run although the split leaks; every table then says so.",
    ),
    click.option("--root", type=_FOLDER, help="Folder of the videos.  [default: that of the CSV]"),
    click.option(
        "--out",
        type=_FOLDER,
        help="Folder of all runs.  [default: runs/reproduce, or runs/reproduce-quick]",
    ),
    click.option(
        "--cache", type=_FOLDER, help="Folder for decoded frames.  [default: frame-cache in OUT]"
    ),
    click.option(
        "--store", type=_FOLDER, help="Folder of slipdetect extract to take frames and flow from."
    ),
    click.option(
        "--only", metavar="PATTERN", help='Run the trials of such names only, such as "*-rgb".'
    ),
    click.option(
        "--seeds",
        type=click.IntRange(min=1),
        help="Runs of each trial, seeds 0, 1, ...  [default: 1]",
    ),
    click.option(
        "--weights",
        metavar="WORD|FILE",
        help="Starting weights: imagenet, none, or a file; {backbone} in it stands for the "
        "network's name.  [default: imagenet]",
    ),
    click.option(
        "--protocol",
        help="Segments and crops that clips are scored by; the reference has 25x10.  "
        "[default: 25x1]",
    ),
    click.option(
        "--epochs",
        type=click.IntRange(min=1),
        help="Passes over the clips.  [default: the recipe's]",
    ),
    click.option(
        "--workers",
        type=click.IntRange(min=0),
        default=0,
        help="Processes that cut clips; 0: the training process does.",
    ),
    click.option(
        "--accumulate",
        type=click.IntRange(min=1),
        help="Parts that a step is computed in, to save memory.  [default: 1]",
    ),
    click.option("--device", default="auto", help="auto, cpu, cuda, cuda:1 or mps."),
    click.option("--list", "listing", is_flag=True, help="Show the trials and what is done; end."),
    click.option(
        "--quick",
        is_flag=True,
        help="Only show that everything runs: few clips, three steps, random weights.",
    ),
    click.option(
        "--with-report", is_flag=True, help="Put the report's own figures below the table."
    ),
)


@dataclass(frozen=True)
class _Options:
    """The options as given."""

    data: Path
    allow_leaks: bool
    root: Path | None
    out: Path | None
    cache: Path | None
    store: Path | None
    only: str | None
    seeds: int | None
    weights: str | None
    protocol: str | None
    epochs: int | None
    workers: int
    accumulate: int | None
    device: str
    listing: bool
    quick: bool
    with_report: bool

    @property
    def folder(self) -> Path:
        """Where all runs are."""
        usual = Path("runs") / ("reproduce-quick" if self.quick else "reproduce")
        return usual if self.out is None else self.out

    def settings(self) -> Settings:
        """Return what holds for all runs."""
        from slipdetect.lab.course2020.runs import Settings

        cache = self.folder / "frame-cache" if self.cache is None else self.cache
        if self.quick:
            return Settings.of_smoke_run(cache, self.store, self.device)
        weights = "imagenet" if self.weights is None else self.weights
        changes = {"epochs": self.epochs, "workers": self.workers, "accumulate": self.accumulate}
        return Settings(
            cache,
            protocol="25x1" if self.protocol is None else self.protocol,
            weights=None if weights == "none" else weights,
            store=self.store,
            device=self.device,
            changes={name: value for name, value in changes.items() if value is not None},
        )


class _Reproduce(click.Command):
    """The command, which leaves a protocol with options of its own to another one."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of what is named first."""
        if args[:1] != ["omnifall"]:
            return super().make_context(info_name, args, parent, **extra)
        from slipdetect.lab.omnifall.command import omnifall

        # a command without arguments, which usage lines would show
        here = click.Context(click.Command(info_name), parent, info_name)
        return omnifall.make_context(args[0], args[1:], here, **extra)


@click.command(cls=_Reproduce)
@click.argument("table", metavar="TABLE", type=click.Choice(table_names()))
@with_options(_OPTIONS)
@common_options
@click.pass_context
def reproduce(ctx: click.Context, /, table: str, **given: Any) -> None:
    """Run a table of the 2020 course report on your clips.

    \b
    table1    size of the training data: two-stream ResNet101 on four shares
    table2    VGG-16 against ResNet101 on two of these shares
    table3    the two-stream network: spatial, motion, fusion
    table6    five backbones by three modalities (temporal segment networks)
    table7    fusions of the runs of table6
    segments  1, 3, 5 and 10 segments per clip, with curves

    'slipdetect reproduce omnifall' is another protocol, with options of its own (--help).

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
    options = _Options(**given)
    decided = [name for name in _DECIDED_BY_QUICK if given[name] is not None]
    if options.quick and decided:
        raise click.UsageError(f"--quick decides --{decided[0]} itself; leave one of them out")
    from slipdetect.lab.course2020.reproduce_report import ReproduceView

    experiment, division = _experiment(table, options)
    # a pattern without a trial ends here, before anything is written
    experiment.attempts(options.only)
    view = ReproduceView(ctx.ensure_object(Console), experiment)
    view.warn()
    if options.listing:
        view.listing(options.only)
        return
    ctx.exit(_run(experiment, division, view, options))


def _experiment(table: str, options: _Options) -> tuple[Experiment, Division]:
    """Return what is to be done; nothing is written yet."""
    from slipdetect.lab.course2020.division import make_division, smoke_division
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.runs import TrainingWork
    from slipdetect.lab.data import read_annotations

    root = options.data.parent if options.root is None else options.root
    clips = read_annotations(options.data, options.root)
    division = make_division(clips, root, allow_leaks=options.allow_leaks)
    if options.quick:
        division = smoke_division(division)
    settings = options.settings()
    seeds = range(1 if options.seeds is None else options.seeds)
    shown = {
        "protocol": settings.protocol,
        "starting weights": "random" if settings.weights is None else settings.weights,
        "seeds": ", ".join(map(str, seeds)),
        **({} if options.epochs is None else {"epochs": str(options.epochs)}),
    }
    work = TrainingWork(division, settings)
    plan = make_table(table)
    return Experiment(plan, division, options.folder, work, seeds, shown, settings.smoke), division


def _run(experiment: Experiment, division: Division, view: ReproduceView, options: _Options) -> int:
    from slipdetect.lab.course2020.division import keep_division
    from slipdetect.lab.course2020.tables import REPORTED
    from slipdetect.lab.extract.lock import folder_lock

    out = experiment.out
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {str(out)!r}: {error.strerror}; choose another") from error
    with folder_lock(out):
        split = keep_division(division, out)
        view.begin(options.only, split)
        with view.bar():
            failures = experiment.run(options.only, view.progress, view.ended)
        result = experiment.result(failures)
        view.table(result, REPORTED.get(result.name) if options.with_report else None)
    return SOME_FAILED if result.failures else 0
