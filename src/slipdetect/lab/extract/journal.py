"""What is finished of a video that is being extracted.

In: finished shards. Out: a file that survives a kill, and is gone when the manifest is written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from slipdetect.errors import DataError, OutputError
from slipdetect.lab.extract.lock import is_current, try_lock
from slipdetect.store.files import unwritable
from slipdetect.store.manifest import Shard

_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.1


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


class Journal:
    """An open journal, held by this process alone; a context manager.

    Its first line says what is extracted and how; every further one is a finished ``Shard``.

    Raises:
        OutputError: It cannot be written, or another process holds it for long.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._path = journal_path(folder, key)
        self._key = key
        try:
            self._handle = self._open()
            content = self._read()
        except OSError as error:
            raise unwritable(str(self._path), error) from error
        # a kill may have torn the last line
        lines = content[: content.rfind(b"\n") + 1].splitlines()
        self.header = _parse(lines[0]) if lines else {}
        self.shards: dict[int, Shard] = {}
        for line in lines[1:]:
            try:
                shard = Shard.from_json(_parse(line), key)
            except DataError:
                continue
            self.shards[shard.index] = shard
        self._end = content.rfind(b"\n") + 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._handle)

    def start(self, header: Mapping[str, Any]) -> None:
        """Forget everything and begin anew."""
        self.header, self.shards, self._end = dict(header), {}, 0
        self._append(self.header)

    def add(self, shard: Shard) -> None:
        """Note that ``shard`` is finished: its files are on the disk."""
        self.shards[shard.index] = shard
        self._append(shard.to_json())

    def remove(self) -> None:
        """Delete the journal: its manifest is on the disk."""
        self._path.unlink(missing_ok=True)

    def _append(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        try:
            os.ftruncate(self._handle, self._end)
            os.lseek(self._handle, self._end, os.SEEK_SET)
            with os.fdopen(os.dup(self._handle), "wb") as stream:
                stream.write(line)
            os.fsync(self._handle)
        except OSError as error:
            raise unwritable(str(self._path), error) from error
        self._end += len(line)

    def _open(self) -> int:
        """Open and lock the file; wait a while for a worker whose run was killed to notice it."""
        limit = time.monotonic() + _PATIENCE_SECONDS
        while True:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            if try_lock(handle) and is_current(handle, self._path):
                return handle
            os.close(handle)
            if time.monotonic() > limit:
                raise OutputError(
                    f"{str(self._path)!r} is held by another process; end that one and run again"
                )
            time.sleep(_POLL_SECONDS)

    def _read(self) -> bytes:
        with os.fdopen(os.dup(self._handle), "rb") as stream:
            return stream.read()


def _parse(line: bytes) -> dict[str, Any]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
