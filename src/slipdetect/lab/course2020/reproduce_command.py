"""``slipdetect reproduce``: the 2020 course report's tables on anybody's clips.

In: a table's name and annotated clips. Out: the table with intervals, on stdout and in files.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import make_folder
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FOLDER, PATH, option, with_settings
from slipdetect.lab.course2020.tables import TABLES
from slipdetect.lab.evaluate.options import device_option

if TYPE_CHECKING:
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.reproduce_report import ReproduceView
    from slipdetect.lab.course2020.runs import Settings

# what --quick decides itself
_DECIDED_BY_QUICK = ("weights", "protocol", "epochs", "seeds")
_COUNT = click.IntRange(min=1)
_OMNIFALL = "omnifall"  # the protocol that has options of its own


@dataclass(frozen=True, kw_only=True)
class ReproduceSettings:
    """Options of ``reproduce``."""

    data: Path = option(
        required=True,
        metavar="CSV",
        type=PATH,
        help="Annotated clips, as for train; its column split is obeyed.",
    )
    allow_leaks: bool = option(
        is_flag=True, help="Run although the split leaks; every table then says so."
    )
    root: Path | None = option(
        type=FOLDER, help="Folder of the videos.  [default: that of the CSV]"
    )
    out: Path | None = option(
        type=FOLDER,
        help="Folder of all runs.  [default: runs/reproduce, or runs/reproduce-quick]",
    )
    cache: Path | None = option(
        type=FOLDER, help="Folder for decoded frames.  [default: frame-cache in OUT]"
    )
    store: Path | None = option(
        type=FOLDER, help="Folder of slipdetect extract to take frames and flow from."
    )
    only: str | None = option(
        metavar="PATTERN", help='Run the trials of such names only, such as "*-rgb".'
    )
    seeds: int | None = option(
        type=_COUNT, help="Runs of each trial, seeds 0, 1, ...  [default: 1]"
    )
    weights: str | None = option(
        metavar="WORD|FILE",
        help="Starting weights: imagenet, none, or a file; {backbone} in it stands for the "
        "network's name.  [default: imagenet]",
    )
    protocol: str | None = option(
        help="Segments and crops that clips are scored by; the reference has 25x10.  "
        "[default: 25x1]",
    )
    epochs: int | None = option(type=_COUNT, help="Passes over the clips.  [default: the recipe's]")
    workers: int = option(
        type=click.IntRange(min=0),
        default=0,
        help="Processes that cut clips; 0: the training process does.",
    )
    accumulate: int | None = option(
        type=_COUNT, help="Parts that a step is computed in, to save memory.  [default: 1]"
    )
    device: str = device_option()
    listing: bool = option("--list", is_flag=True, help="Show the trials and what is done; end.")
    quick: bool = option(
        is_flag=True,
        help="Only show that everything runs: few clips, three steps, random weights.",
    )
    with_report: bool = option(is_flag=True, help="Put the report's own figures below the table.")

    @property
    def folder(self) -> Path:
        """Where all runs are."""
        usual = Path("runs") / ("reproduce-quick" if self.quick else "reproduce")
        return usual if self.out is None else self.out

    def of_runs(self) -> Settings:
        """Return what holds for all runs."""
        from slipdetect.lab.course2020.runs import Settings

        cache = self.folder / "frame-cache" if self.cache is None else self.cache
        given = {"epochs": self.epochs, "workers": self.workers, "accumulate": self.accumulate}
        changes = {name: value for name, value in given.items() if value is not None}
        if self.quick:
            return Settings.of_smoke_run(cache, self.store, self.device, changes)
        weights = "imagenet" if self.weights is None else self.weights
        return Settings(
            cache,
            protocol="25x1" if self.protocol is None else self.protocol,
            weights=None if weights == "none" else weights,
            store=self.store,
            device=self.device,
            changes=changes,
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
        at = self._named_at(args) if _OMNIFALL in args else None
        if at is None:
            return super().make_context(info_name, args, parent, **extra)
        from slipdetect.lab.omnifall.command import omnifall

        # a command without arguments, which usage lines would show
        here = click.Context(click.Command(info_name), parent, info_name)
        return omnifall.make_context(_OMNIFALL, args[:at] + args[at + 1 :], here, **extra)

    def _named_at(self, args: list[str]) -> int | None:
        """Return where the protocol is named: behind nothing but options and their values."""
        from slipdetect.lab.omnifall.command import omnifall

        known = {
            option: param for param in (*self.params, *omnifall.params) for option in param.opts
        }
        every = dict.fromkeys(known.values())
        options: list[click.Parameter] = [each for each in every if isinstance(each, click.Option)]
        both = click.Command(None, params=options)
        for at, word in enumerate(args):
            if word == _OMNIFALL:
                context = click.Context(both)
                try:
                    _, left, _ = both.make_parser(context).parse_args(args[:at])
                except click.UsageError:  # this is the value of an option, or one is unknown
                    continue
                if not left:
                    return at
        return None


@click.command(cls=_Reproduce)
@click.argument("table", metavar="TABLE", type=click.Choice([*TABLES, _OMNIFALL]))
@with_settings(ReproduceSettings)
@common_options
@click.pass_context
def reproduce(ctx: click.Context, /, table: str, settings: ReproduceSettings) -> None:
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
    decided = [name for name in _DECIDED_BY_QUICK if getattr(settings, name) is not None]
    if settings.quick and decided:
        raise click.UsageError(f"--quick decides --{decided[0]} itself; leave one of them out")
    from slipdetect.lab.course2020.reproduce_report import ReproduceView

    experiment = _experiment(table, settings)
    # a pattern without a trial ends here, before anything is written
    experiment.attempts(settings.only)
    view = ReproduceView(ctx.ensure_object(Console), experiment)
    view.warn()
    if settings.listing:
        view.listing(settings.only)
        return
    ctx.exit(_run(experiment, view, settings))


def _experiment(table: str, settings: ReproduceSettings) -> Experiment:
    """Return what is to be done; nothing is written yet."""
    from slipdetect.lab.course2020.division import make_division, smoke_division
    from slipdetect.lab.course2020.experiment import Experiment
    from slipdetect.lab.course2020.runs import TrainingWork
    from slipdetect.lab.data import read_annotations

    root = settings.data.parent if settings.root is None else settings.root
    clips = read_annotations(settings.data, settings.root)
    division = make_division(clips, root, allow_leaks=settings.allow_leaks)
    if settings.quick:
        division = smoke_division(division)
    runs = settings.of_runs()
    seeds = range(1 if settings.seeds is None else settings.seeds)
    shown = {
        "protocol": runs.protocol,
        "starting weights": "random" if runs.weights is None else runs.weights,
        "seeds": ", ".join(map(str, seeds)),
        **({} if settings.epochs is None else {"epochs": str(settings.epochs)}),
    }
    work = TrainingWork(division, runs)
    return Experiment(TABLES[table], division, settings.folder, work, seeds, shown, runs.smoke)


def _run(experiment: Experiment, view: ReproduceView, settings: ReproduceSettings) -> int:
    from slipdetect.lab.course2020.division import keep_division
    from slipdetect.lab.course2020.tables import REPORTED
    from slipdetect.lab.extract.lock import folder_lock

    make_folder(experiment.out)
    with folder_lock(experiment.out):
        split = keep_division(experiment.division, experiment.out)
        view.begin(settings.only, split)
        with view.bar():
            failures = experiment.run(settings.only, view.progress, view.ended)
        result = experiment.result(failures)
        view.table(result, REPORTED.get(result.name) if settings.with_report else None)
    return SOME_FAILED if result.failures else 0
