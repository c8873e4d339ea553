"""Fetching: downloads with hashes and archives with limits.

In: a path or an address with its hash. Out: where the file or the unpacked folder is now.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipdetect.cli.console import Console


def fetch_shown(console: Console, address: str, folder: Path) -> Path:
    """Fetch ``address`` into ``folder`` and show how far it is; see ``fetch.fetch``."""
    from slipdetect.lab.fetch.fetch import fetch

    with console.bar(1.0) as bar:

        def show(done: int, expected: int | None) -> None:
            bar.show(done / expected if expected else 0.0, f"downloading, {done / 1e6:.1f} MB")

        return fetch(address, folder, show)
