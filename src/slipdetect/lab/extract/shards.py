"""Writing units as shards, in the background while the next one is computed.

In: units. Out: files on the disk and a line in the journal each.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from slipdetect.lab.extract.journal import Journal
from slipdetect.lab.extract.tools import Tools
from slipdetect.store.files import digest, write_files
from slipdetect.store.manifest import Shard
from slipdetect.store.units import Unit


def encode_shard(tools: Tools, key: str, unit: Unit) -> tuple[Shard, dict[str, bytes]]:
    """Return what is recorded of a unit, and its files."""
    files = tools.layout.encode(key, unit, rgb=tools.recipe.rgb)
    facts = {name: (len(data), digest(data)) for name, data in files.items()}
    return Shard(unit.index, unit.first, len(unit.images), len(unit.flows), facts), files


class ShardWriter:
    """Writes one unit at a time on a thread of its own; a context manager that waits for it.

    Args:
        tools: What to work with.
        key: Name of the video in the store.
        journal: Where finished shards are noted.
    """

    def __init__(self, tools: Tools, key: str, journal: Journal) -> None:
        self._tools = tools
        self._key = key
        self._journal = journal
        self._pool = ThreadPoolExecutor(1, "shards")
        self._last: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown()
        if error is None:
            self._wait()

    def write(self, unit: Unit) -> None:
        """Begin to write ``unit`` when the one before is written.

        Raises:
            OutputError: That one could not be.
        """
        self._wait()
        self._last = self._pool.submit(self._write, unit)

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()

    def _write(self, unit: Unit) -> None:
        shard, files = encode_shard(self._tools, self._key, unit)
        write_files(self._tools.folder, files)
        self._journal.add(shard)
