"""``slipdetect prepare check``: is a data set fit to train and to judge on?

In: an annotation file. Out: what was found on stdout, files in a folder, and an exit code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slipdetect._io import atomic_write, output_files, write_text
from slipdetect._text import printable, shorten
from slipdetect.cli.console import Console
from slipdetect.cli.errors import SOME_FAILED
from slipdetect.cli.options import common_options
from slipdetect.cli.typed_options import FOLDER, PATH, option, with_settings
from slipdetect.errors import DataError, UsageError

if TYPE_CHECKING:
    from slipdetect.lab.check.checking import DataCheck
    from slipdetect.lab.data import Clip

_NAME_COLUMNS = 40
_FILES = (
    *("check.json", "near-duplicates.csv", "confounds.json", "confounds.md", "confounds.png"),
    "sheet.png",
)


@dataclass(frozen=True, kw_only=True)
class CheckSettings:
    """The options of ``prepare check``."""

    root: Path | None = option(
        type=FOLDER, help="Folder of the videos.  [default: that of DATA.csv]"
    )
    out: Path | None = option(type=FOLDER, help="Folder for the report; made if new.")
    sheet: bool = option(is_flag=True, help="Also a sheet of pictures, OUT/sheet.png.")
    pictures: int = option(
        type=click.IntRange(1, 20),
        default=8,
        beside=("sheet",),
        help="Pictures in a row of the sheet.",
    )
    fast: bool = option(is_flag=True, help="Decode no video: only groups and equal files.")
    allow_leaks: bool = option(is_flag=True, help="Warn of leaks and do not fail.")
    seed: int = option(
        type=int,
        default=0,
        beside=("sheet", "no fast"),
        help="Of folds and pictures.",
    )
    overwrite: bool = option(is_flag=True, help="Replace an earlier report.")


@click.command()
@click.argument("data", metavar="DATA.csv", type=PATH)
@with_settings(CheckSettings)
@common_options
@click.pass_context
def check(ctx: click.Context, /, data: Path, settings: CheckSettings) -> None:
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
    if settings.sheet and settings.out is None:
        raise UsageError("--sheet needs a folder to write to; pass --out")
    if settings.out is not None:
        output_files(settings.out, _FILES, overwrite=settings.overwrite)
    from slipdetect.lab.check.checking import check_clips
    from slipdetect.lab.check.report import check_table
    from slipdetect.lab.data import read_annotations

    clips = read_annotations(data, settings.root)
    with console.bar(len(clips)) as bar:

        def show(index: int, clip: Clip) -> None:
            name = shorten(printable(str(clip.path)), _NAME_COLUMNS)
            bar.show(index, f"{index + 1}/{len(clips)} {name}", now=index == 0)

        found = check_clips(clips, decode=not settings.fast, seed=settings.seed, on_clip=show)
    for path, warnings in found.warnings.items():
        console.warn(f"{str(path)!r}: {'; '.join(warnings)}")
    root = data.parent if settings.root is None else settings.root
    console.text(check_table(found, data.name, root))
    if settings.out is not None:
        _write(console, found, data.name, settings.out, settings)
    ctx.exit(_exit_code(console, found, settings.allow_leaks))


def _exit_code(console: Console, found: DataCheck, allow_leaks: bool) -> int:
    """Return the exit code; a split that leaks, or no video that can be read, is an error."""
    if found.leaks:
        text = found.leaks.line()
        if not allow_leaks:
            raise DataError(f"{text}; put each on one side, or pass --allow-leaks")
        console.warn(text)
    if len(found.unreadable) == len(found.clips):
        raise DataError("none of the videos can be read; check the paths and --root")
    if found.unreadable:
        console.error(f"{len(found.unreadable)} of {len(found.clips)} videos cannot be read")
        return SOME_FAILED
    return 0


def _write(
    console: Console, found: DataCheck, name: str, out: Path, settings: CheckSettings
) -> None:
    """Write the files of the report; of an earlier one nothing stays."""
    from slipdetect.lab.check.report import (
        check_data,
        confound_data,
        confound_markdown,
        draw_confounds,
        near_duplicates_csv,
    )

    texts = {"check.json": _json(check_data(found))}
    pictures: dict[str, Callable[[Path], None]] = {}
    if found.near is not None:
        texts["near-duplicates.csv"] = near_duplicates_csv(found)
    if found.confounds is not None:
        texts["confounds.json"] = _json(confound_data(found.confounds))
        texts["confounds.md"] = confound_markdown(found.confounds, name)
        pictures["confounds.png"] = partial(draw_confounds, found.confounds)
    if settings.sheet:
        from slipdetect.lab.check.contact_sheet import choose_examples, draw_contact_sheet

        rows = choose_examples(found.clips, settings.pictures, settings.seed)
        pictures["sheet.png"] = partial(draw_contact_sheet, rows, name)
    for file, text in texts.items():
        write_text(out / file, text, overwrite=settings.overwrite)
    for file, draw in pictures.items():
        with atomic_write(out / file, overwrite=settings.overwrite) as temporary:
            draw(temporary)
    for file in {*_FILES} - texts.keys() - pictures.keys():
        (out / file).unlink(missing_ok=True)
    console.note(f"report in {str(out)!r}: {', '.join([*texts, *pictures])}")


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
