"""What the commands which measure models write, and how far they are.

In: pages, data, options. Out: files, stdout, a progress bar, errors before the work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipdetect._io import atomic_write, check_writable
from slipdetect.cli.console import Console
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from slipdetect.lab.stats.text import Page

_FORMATS = {".json": "json", ".md": "markdown"}


def check_targets(targets: Mapping[str, Path | None], *, overwrite: bool) -> None:
    """Fail before the work if a result could not be written.

    Raises:
        OutputError: A file exists already or its folder is not there.
        UsageError: Two results are to go into one file.
    """
    places: dict[Path, str] = {}
    for option, target in targets.items():
        if target is None:
            continue
        other = places.setdefault(target.resolve(), option)
        if other != option:
            raise UsageError(f"{other} and {option} name one file; give each its own")
        check_writable(target, overwrite=overwrite)


def check_suffix(option: str, target: Path | None, suffix: str) -> None:
    """Refuse a file that would not be recognized when it is read back.

    Raises:
        UsageError: It has another suffix.
    """
    if target is not None and target.suffix.lower() != suffix:
        raise UsageError(f"{option} writes {suffix} files, not {target.name!r}")


@contextmanager
def counted(console: Console, total: int, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar while the block runs; what is yielded takes (done, total)."""
    with console.bar(total) as bar:

        def show(done: int, total: int) -> None:
            bar.show(done, f"{done}/{total} {what}", now=done in (0, total))

        show(0, total)
        yield show


def write_report(
    console: Console,
    page: Page,
    data: Mapping[str, Any],
    form: str | None,
    out: Path | None = None,
    *,
    overwrite: bool = False,
) -> None:
    """Write a report to a file or to stdout.

    Args:
        console: Where stdout is, and where it is said which file was written.
        page: The report for people.
        data: The same as plain data.
        form: ``"table"``, ``"json"`` or ``"markdown"``; None: by the file's name, or a table.
        out: The file; None is stdout.
        overwrite: The file may exist.

    Raises:
        OutputError: It cannot be written.
    """
    if form is None:
        form = "table" if out is None else _FORMATS.get(out.suffix.lower(), "table")
    if form == "json":
        text = json_text(data)
    else:
        text = page.markdown() if form == "markdown" else page.text()
    with console.output(out, overwrite=overwrite) as write:
        (console.text if out is None and form == "table" else write)(text)
    if out is not None:
        console.note(f"wrote {str(out)!r}")


def write_figure(
    console: Console, figure: Figure, target: Path, *, overwrite: bool = False, quiet: bool = False
) -> None:
    """Write a figure as a PNG and, unless ``quiet``, say so.

    Raises:
        OutputError: The file cannot be written.
    """
    from slipdetect.lab.stats.plot import save_png

    with atomic_write(target, overwrite=overwrite) as temporary:
        save_png(figure, temporary)
    if not quiet:
        console.note(f"wrote {str(target)!r}")


def json_text(data: Mapping[str, Any]) -> str:
    """Return plain data as one line of JSON."""
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"
