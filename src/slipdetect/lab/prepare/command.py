"""``slipdetect prepare``: from videos as they come to data sets that train and evaluate take.

In: folders, lists and videos. Out: a CSV, other list files, trimmed or resized videos, a report.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from slipdetect._text import printable
from slipdetect.cli.console import Bar, Console
from slipdetect.cli.lazy import LazyGroup
from slipdetect.cli.options import Beside, Decorator, common_options, with_options
from slipdetect.cli.typed_options import FILE, FOLDER, PATH, with_settings
from slipdetect.lab.prepare.importer import SKIPPED, Importer, ImportJob
from slipdetect.lab.prepare.mapping import SKIP, ClassMapping, read_pairs
from slipdetect.lab.prepare.rows import Prepared, Row, check_target
from slipdetect.lab.prepare.splitting import CUTS_GROUPS, SplitRequest
from slipdetect.lab.prepare.summary import finish, warn_of_empty_sides

# a line a data set: the name of its command, and its class, which is imported when it is named
IMPORTERS = {
    "hmdb51": "slipdetect.lab.prepare.hmdb51:Hmdb51",
    "ucf101": "slipdetect.lab.prepare.ucf101:Ucf101",
    "folder": "slipdetect.lab.prepare.folder:Folder",
    "intervals": "slipdetect.lab.prepare.intervals:Intervals",
    "labels": "slipdetect.lab.prepare.labels:Labels",
    "omnifall": "slipdetect.lab.prepare.omnifall:Omnifall",
    "urfd": "slipdetect.lab.prepare.urfd:Urfd",
    "lists": "slipdetect.lab.prepare.lists:Lists",
}
_OTHERS = {
    "course2020": "slipdetect.lab.course2020.prepare_command:course2020",
    "export-lists": "slipdetect.lab.prepare.export_lists:export_lists",
    **{
        name: f"slipdetect.lab.prepare.reencode_commands:{name}"
        for name in ("frames", "trim", "resize", "dedup")
    },
    "check": "slipdetect.lab.check.command:check",
}

_OUT = [
    click.option("--out", type=FILE, required=True, help="The CSV to write."),
    click.option(
        "--root",
        type=FOLDER,
        help="Folder that paths in the CSV count from; train takes the same.  [default: that of"
        " the CSV]",
    ),
    click.option("--overwrite", is_flag=True, help="Replace files that exist."),
]
_CLASSES = [
    click.option("--positive", metavar="CLASS,CLASS", help="Classes that show a slip or fall."),
    click.option(
        "--negative",
        metavar="CLASS,CLASS",
        help="Classes that show something else; all others are left out.",
    ),
    click.option(
        "--map",
        "pairs",
        multiple=True,
        metavar="CLASS=slip|other|skip",
        help="What one class counts as; '*' means all others; repeatable.",
    ),
]
test_every_option = click.option(
    "--test-every",
    type=click.IntRange(min=2),
    metavar="N",
    help="Every N-th clip is a test clip, as in the 2020 course report (4, 5); cuts groups.",
)


class _Prepare(LazyGroup):
    """The commands of ``prepare``: one per importer, and those that are no importers."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, importers first."""
        return [*IMPORTERS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Make or import a command, or return None when there is none of this name."""
        if cmd_name in IMPORTERS:
            return import_command(cmd_name, load_importer(cmd_name))
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Prepare, lazy=_OTHERS)
@common_options
def prepare() -> None:
    """Make data sets: import, trim, resize, check."""


def load_importer(name: str) -> type[Importer]:
    """Return the class of an importer of ``IMPORTERS``."""
    module, _, attribute = IMPORTERS[name].partition(":")
    importer: type[Importer] = getattr(import_module(module), attribute)
    return importer


def import_command(name: str, importer: type[Importer]) -> click.Command:
    """Return the command ``name``, whose options and help page are those of an importer."""
    kind = FOLDER if importer.source == "FOLDER" else PATH
    shared = [*_OUT, *(_CLASSES if importer.has_classes else []), *_split_options(importer)]
    count = -1 if importer.source.endswith("...") else 1

    @click.command(name, help=inspect.cleandoc(importer.__doc__ or ""))
    @click.argument("source", metavar=importer.source, type=kind, nargs=count, required=True)
    @with_settings(importer)
    @with_options([*shared, common_options])
    @click.pass_context
    def command(
        ctx: click.Context, /, source: Path | tuple[Path, ...], settings: Importer, **given: Any
    ) -> None:
        sources = source if isinstance(source, tuple) else (source,)
        _import(ctx.ensure_object(Console), sources, settings, **given)

    return command


def _split_options(importer: type[Importer]) -> list[Decorator]:
    of = "training clips that go to" if importer.own_split else "clips for"
    val = click.option(
        "--val",
        type=float,
        metavar="SHARE",
        help=f"Share of the {of} validation, whole groups.  [default: {importer.val:g}]",
    )
    test = click.option(
        "--test",
        type=float,
        metavar="SHARE",
        help=f"Share of the clips for the test, whole groups.  [default: {importer.test:g}]",
    )
    drawn = ("no test_every",) if importer.val or importer.test else ("val", "test")
    seed = click.option(
        "--seed",
        default=0,
        cls=Beside,
        beside=("val",) if importer.own_split else drawn,
        help="Order in which groups are drawn.",
    )
    return [val, seed] if importer.own_split else [val, test, seed, test_every_option]


def _import(
    console: Console,
    sources: Sequence[Path],
    importer: Importer,
    *,
    out: Path,
    root: Path | None,
    overwrite: bool,
    positive: str | None = None,
    negative: str | None = None,
    pairs: Sequence[str] = (),
    val: float | None,
    seed: int,
    test: float | None = None,
    test_every: int | None = None,
) -> None:
    """Read a data set, split it, write its CSV and say what is in it."""
    check_target(out, root, overwrite=overwrite)
    split = SplitRequest(val, test, seed, test_every, usual=(importer.val, importer.test))
    classes = ClassMapping(
        positive=_names(positive),
        negative=_names(negative),
        pairs=read_pairs(pairs),
        usual=importer.slip_classes if positive is None else (),
    )
    with console.bar(1.0) as bar:
        job = ImportJob(out, classes, split, root, overwrite, console.note, bar.show)
        prepared = importer.read_all(sources, job)
        skipped = {row.action or str(row.path) for row in prepared.rows if row.label == SKIP}
        prepared.left_out.add(SKIPPED, sorted(skipped))
        prepared.rows = _checked(prepared, bar)
    has_split = any(row.split for row in prepared.rows)
    prepared.rows = split.apply(prepared.rows)
    if test_every is not None:
        prepared.warnings.append(CUTS_GROUPS)
    finish(console, prepared, out, root, overwrite=overwrite)
    if not has_split and test_every is None:
        warn_of_empty_sides(console, prepared.rows, split.shares)


def _checked(prepared: Prepared, bar: Bar) -> list[Row]:
    """Return the rows that are kept, their times compared with each other and with the videos."""
    from slipdetect.lab.data.times import Late
    from slipdetect.lab.prepare.times import check_rows

    def show(index: int, total: int, path: Path) -> None:
        bar.show(index / total, f"checking {printable(path.name)}")

    kept = [row for row in prepared.rows if row.label != SKIP]
    late = Late()
    rows = check_rows(kept, late, compare=not prepared.times_checked, on_video=show)
    prepared.warnings += late.warnings()
    return rows


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())
