"""Where results go: stdout, or a file that appears whole or not at all.

In: ``--out``. Out: a function that takes text.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from slipdetect._io import text_file
from slipdetect.cli.console import Console


def open_output(
    console: Console, out: Path | None, *, overwrite: bool
) -> AbstractContextManager[Callable[[str], None]]:
    """Return what yields a taker of the results: stdout, or a file renamed into place at the end.

    Raises:
        OutputError: The file cannot be written.
    """
    return nullcontext(console.data) if out is None else text_file(out, overwrite=overwrite)
