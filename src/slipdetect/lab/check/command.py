"""``slipdetect prepare check``: is a data set fit to train and to judge on?

In: an annotation file. Out: what was found on stdout, files in a folder, and an exit code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._text import printable, shorten
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.errors import DataError, UsageError

if TYPE_CHECKING:
    from slipdetect.lab.check.checking import DataCheck
    from slipdetect.lab.data import Clip

Draw = Callable[[Path], None]

_FOLDER = click.Path(path_type=Path, file_okay=False)
_NAME_COLUMNS = 40


@click.command()
@click.argument("data", metavar="DATA.csv", type=click.Path(path_type=Path))
@click.option("--root", type=_FOLDER, help="Folder of the videos.  [default: that of DATA.csv]")
@click.option("--out", type=_FOLDER, help="Folder for the report; made if new.")
@click.option("--sheet", is_flag=True, help="Also a sheet of pictures, OUT/sheet.png.")
@click.option(
    "--pictures",
    type=click.IntRange(1, 20),
    default=8,
    show_default=True,
    help="Pictures in a row of the sheet.",
)
@click.option("--fast", is_flag=True, help="Decode no video: only groups and equal files.")
@click.option("--allow-leaks", is_flag=True, help="Warn of leaks and do not fail.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of folds and pictures.")
@click.option("--overwrite", is_flag=True, help="Replace an earlier report.")
@common_options
@click.pass_context
def check(ctx: click.Context, /, data: Path, **options: Any) -> None:
    """Look for leaks, copies and shortcuts in a data set.

    A split leaks if a group, a file or a recording is on two of its sides: exit code 3, unless
    --allow-leaks. Recordings are compared by what they show, so that copies are found that were
    encoded again, resized, trimmed a little or mirrored.

    It also tells whether frame rate, size, duration, bit rate, borders, light, data set or
    background alone tell the label, which a network would learn instead of slipping.

    OUT gets check.json, near-duplicates.csv and confounds.json, .md and .png. A video that cannot
    be read is named and stops nothing: exit code 5.

    \b
    slipdetect prepare check clips.csv --out report --sheet
    """
    console = ctx.ensure_object(Console)
    if options["sheet"] and options["out"] is None:
        raise UsageError("--sheet needs a folder to write to; pass --out")
    _check_folder(options)
    from slipdetect.lab.data import read_annotations

    clips = read_annotations(data, options["root"])
    found = _check(console, clips, options)
    _show(console, found, data, options["root"])
    if options["out"] is not None:
        _write(console, found, data, options)
    ctx.exit(_judge(console, found, options["allow_leaks"]))


def _check(console: Console, clips: list[Clip], options: dict[str, Any]) -> DataCheck:
    from slipdetect.lab.check.checking import check_clips

    with console.bar(len(clips)) as bar:

        def show(index: int, clip: Clip) -> None:
            name = shorten(printable(str(clip.path)), _NAME_COLUMNS)
            bar.show(index, f"{index + 1}/{len(clips)} {name}", now=index == 0)

        return check_clips(clips, decode=not options["fast"], seed=options["seed"], on_clip=show)


def _show(console: Console, found: DataCheck, data: Path, root: Path | None) -> None:
    from slipdetect.lab.check.check_table import check_table

    for path, warnings in found.warnings.items():
        console.warn(f"{str(path)!r}: {'; '.join(warnings)}")
    console.text(check_table(found, data.name, data.parent if root is None else root))


def _judge(console: Console, found: DataCheck, allow_leaks: bool) -> int:
    """Return the exit code.

    Raises:
        DataError: The split leaks, or no video can be read.
    """
    if found.leaks:
        text = f"the split leaks: {'; '.join(found.leaks.sentences())}"
        if not allow_leaks:
            raise DataError(f"{text}; put each on one side, or pass --allow-leaks")
        console.warn(text)
    if len(found.unreadable) == len(found.clips):
        raise DataError("none of the videos can be read; check the paths and --root")
    if found.unreadable:
        console.error(f"{len(found.unreadable)} of {len(found.clips)} videos cannot be read")
        return SOME_FAILED
    return 0


def _targets(options: dict[str, Any]) -> list[Path]:
    names = ["check.json"]
    if not options["fast"]:
        names += ["near-duplicates.csv", "confounds.json", "confounds.md", "confounds.png"]
    if options["sheet"]:
        names.append("sheet.png")
    return [options["out"] / name for name in names]


def _check_folder(options: dict[str, Any]) -> None:
    """Make the folder, and fail before the work if the report could not be written.

    Raises:
        OutputError: The folder cannot be made, or holds an earlier report.
    """
    out: Path | None = options["out"]
    if out is None:
        return
    from slipdetect._io import check_writable, make_folder

    make_folder(out)
    for target in _targets(options):
        check_writable(target, overwrite=options["overwrite"])


def _write(console: Console, found: DataCheck, data: Path, options: dict[str, Any]) -> None:
    """Write the files of the report; what there is nothing to tell about is left out."""
    from slipdetect.lab.check.check_data import check_data, near_duplicates_csv

    out: Path = options["out"]
    texts = {"check.json": _json(check_data(found))}
    pictures: dict[str, Draw] = {}
    if found.near is not None:
        texts["near-duplicates.csv"] = near_duplicates_csv(found)
    if found.confounds is not None:
        from slipdetect.lab.check.confound_plot import draw_confounds
        from slipdetect.lab.check.confound_text import confound_data, confound_markdown

        report = found.confounds
        texts["confounds.json"] = _json(confound_data(report))
        texts["confounds.md"] = confound_markdown(report, data.name)
        pictures["confounds.png"] = lambda target: draw_confounds(report, target)
    if options["sheet"]:
        pictures["sheet.png"] = _sheet(found, data.name, options)
    _put(out, texts, pictures, overwrite=options["overwrite"])
    console.note(f"report in {str(out)!r}: {', '.join([*texts, *pictures])}")


def _sheet(found: DataCheck, name: str, options: dict[str, Any]) -> Draw:
    from slipdetect.lab.check.contact_sheet import draw_contact_sheet
    from slipdetect.lab.check.examples import choose_examples

    rows = choose_examples(found.clips, options["pictures"], options["seed"])
    return lambda target: draw_contact_sheet(rows, name, target)


def _put(out: Path, texts: dict[str, str], pictures: dict[str, Draw], *, overwrite: bool) -> None:
    from slipdetect._io import atomic_write

    for name, text in texts.items():
        with atomic_write(out / name, overwrite=overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
    for name, draw in pictures.items():
        with atomic_write(out / name, overwrite=overwrite) as temporary:
            draw(temporary)


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
