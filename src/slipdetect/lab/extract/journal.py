"""What is finished of a video that is being extracted.

In: finished shards. Out: a file that survives a kill, and is gone when the manifest is written.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from slipdetect._io import file_lock
from slipdetect.errors import DataError, OutputError
from slipdetect.lab.extract.files import unwritable
from slipdetect.store.manifest import Shard

# a worker whose run was killed needs a moment to notice it
_PATIENCE_SECONDS = 30.0


def journal_path(folder: Path, key: str) -> Path:
    """Return where the journal of a video is while it is being extracted."""
    return folder / f".{key}.journal"


def read_header(folder: Path, key: str) -> dict[str, Any] | None:
    """Return the first line of a journal; None without a journal, empty if it is damaged."""
    try:
        text = journal_path(folder, key).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"cannot read the journal of {key!r}: {error.strerror}") from error
    line, end, _ = text.partition(b"\n")
    return _parse(line) if end else {}


@contextmanager
def open_journal(folder: Path, key: str) -> Iterator[Journal]:
    """Open the journal of a video for this process alone.

    Raises:
        OutputError: It cannot be written, or another process holds it for long.
    """
    path = journal_path(folder, key)

    def refusal() -> str:
        return f"{str(path)!r} is held by another process; end that one and run again"

    with file_lock(_lock_path(path), _PATIENCE_SECONDS, refusal, unwritable):
        try:
            stream = path.open("ab")
        except OSError as error:
            raise unwritable(path, error) from error
        try:
            yield Journal(path, key, stream)
        finally:
            with suppress(OSError):  # a full disk refuses the last bytes once more
                stream.close()


class Journal:
    """An open journal: its first line says what is extracted and how, every other is a ``Shard``.

    Attributes:
        header: The first line; empty where it is damaged or missing.
        shards: Finished shards by index.
    """

    def __init__(self, path: Path, key: str, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        content = path.read_bytes()
        # a kill may have torn the last line
        self._end = content.rfind(b"\n") + 1
        header, *lines = content[: self._end].splitlines() or [b""]
        self.header = _parse(header)
        self.shards: dict[int, Shard] = {}
        for line in lines:
            with suppress(DataError):
                shard = Shard.from_json(_parse(line), key)
                self.shards[shard.index] = shard

    def start(self, header: Mapping[str, Any]) -> None:
        """Forget everything and start over."""
        self.header, self.shards, self._end = dict(header), {}, 0
        self._append(self.header)

    def add(self, shard: Shard) -> None:
        """Note that ``shard`` is finished: its files are on the disk."""
        self.shards[shard.index] = shard
        self._append(asdict(shard))

    def remove(self) -> None:
        """Delete the journal: its manifest is on the disk."""
        # the lock first: a kill before the journal is gone lets the next run clean up
        _lock_path(self._path).unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)

    def _append(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        try:
            os.ftruncate(self._stream.fileno(), self._end)
            self._stream.write(line)
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise unwritable(self._path, error) from error
        self._end += len(line)


def _lock_path(journal: Path) -> Path:
    return journal.with_name(f"{journal.name}.lock")


def _parse(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
