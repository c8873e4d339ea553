"""Where results go: stdout, or a file that appears whole or not at all.

In: ``--out``. Out: a function that takes text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slipdetect._io import atomic_write
from slipdetect.cli.console import Console


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
