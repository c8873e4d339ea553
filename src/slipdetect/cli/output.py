"""Where results go: stdout, or a file that appears whole or not at all.

In: ``--out``. Out: a function that takes text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slipdetect._io import atomic_write, check_writable, make_folder
from slipdetect.cli.console import Console


def output_files(folder: Path, names: Iterable[str], *, overwrite: bool) -> list[Path]:
    """Make a folder and return the files that will be written in it, before the work begins.

    Raises:
        OutputError: The folder cannot be made, or a file is there or cannot be written.
    """
    make_folder(folder)
    targets = [folder / name for name in names]
    for target in targets:
        check_writable(target, overwrite=overwrite)
    return targets


@contextmanager
def open_output(
    console: Console, out: Path | None, *, overwrite: bool
) -> Iterator[Callable[[str], None]]:
    """Yield what takes the results: stdout, or a UTF-8 file renamed into place at the end.

    Raises:
        OutputError: The file cannot be written.
    """
    if out is None:
        yield console.data
        return
    with (
        atomic_write(out, overwrite=overwrite) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream,
    ):

        def write(text: str) -> None:
            stream.write(text)

        yield write
        stream.flush()
