"""What of a list of videos is done: a file that survives a kill, so that the rest can follow.

In: results as they come. Out: JSON lines, one a video, appended and on the disk at once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Generic, Self, TypeVar

from slipdetect._io import file_lock, unwritable
from slipdetect._version import __version__
from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.store.source import SourceIdentity, stat_source

R = TypeVar("R")

_HEADER = "done_with"
_BEGIN = f'{{"{_HEADER}":'.encode()


class Manifest(Generic[R]):
    """An open file of done videos; one that is there already is gone on with.

    Args:
        path: The file.
        settings: Plain data on what results depend on, which must be that of the file.
        plain: Makes plain data of a result.
        built: Makes a result of that.

    Raises:
        OutputError: It cannot be written, another run has it, or its results depend on other
            settings.
        DataError: It is another kind of file.
    """

    def __init__(
        self,
        path: Path,
        settings: Mapping[str, Any],
        plain: Callable[[R], Any],
        built: Callable[[Any], R],
    ) -> None:
        self._path = path
        self._plain = plain
        self._built = built
        self._places: dict[str, int] = {}
        self._files: dict[str, dict[str, Any]] = {}
        self._seen: dict[str, tuple[int, int]] = {}  # bytes and time of last change
        header = {_HEADER: json.loads(json.dumps({"slipdetect": __version__, **settings}))}
        held = f"{str(path)!r} belongs to a run that goes on; wait for it, or name another file"
        with ExitStack() as begun:
            try:
                path.touch()
                lock = path.with_name(f".{path.name}.lock")
                begun.enter_context(file_lock(lock, 0.0, lambda: held))
                self._stream: BinaryIO = begun.enter_context(path.open("r+b"))
            except OSError as error:
                raise unwritable(path, error) from error
            end = self._read(header)
            self._stream.truncate(end)
            self._stream.seek(end)
            if not end:
                self._append(header)
            self._ending = begun.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, *_: object) -> None:
        try:
            self._ending.close()
        except OSError as closing:
            # it tries once more what could not be written, which was told already
            if error is None:
                raise unwritable(self._path, closing) from closing

    def has(self, name: str) -> bool:
        """Return whether a video has a result and its file has not changed since."""
        path = Path(name)
        try:
            status = stat_source(path)
            self._seen[name] = status.st_size, status.st_mtime_ns
            if name not in self._places:
                return False
            known = SourceIdentity(**self._files[name])
            return known.same_stat(path) or known.same_content(SourceIdentity.of(path))
        except VideoError:
            return False

    def find(self, name: str) -> R | None:
        """Return the result of a video; None if it has none, or the file has changed since."""
        if not self.has(name):
            return None
        self._stream.seek(self._places[name])
        row = json.loads(self._stream.readline())
        self._stream.seek(0, os.SEEK_END)
        return self._built(row["result"])

    def add(self, name: str, result: R) -> None:
        """Note that a video is done, unless its file has changed since it was last asked for.

        Raises:
            OutputError: The file cannot be written.
        """
        try:
            source = SourceIdentity.of(Path(name))
        except VideoError:
            return  # gone meanwhile: the next run shall say so
        now = source.size, source.mtime_ns
        if self._seen.setdefault(name, now) != now:
            return  # nobody knows which of its states the result is of
        place, file = self._stream.tell(), asdict(source)
        self._append({"source": name, "file": file, "result": self._plain(result)})
        self._places[name], self._files[name] = place, file

    def _read(self, header: Mapping[str, Any]) -> int:
        """Find the rows, and return where the last whole one ends; a kill may have torn one."""
        end = 0
        for line in self._stream:
            if not line.endswith(b"\n"):
                if not end and not line.startswith(_BEGIN[: len(line)]):
                    raise self._strange()
                break
            row = self._parsed(line, {_HEADER} if not end else {"source", "file", "result"})
            if not end:
                self._check(row[_HEADER], header[_HEADER])
            else:
                name = row["source"]
                self._places[name], self._files[name] = end, row["file"]
            end += len(line)
        return end

    def _parsed(self, line: bytes, keys: set[str]) -> dict[str, Any]:
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict) or set(row) != keys:
            raise self._strange()
        return row

    def _strange(self) -> DataError:
        return DataError(
            f"{str(self._path)!r} is no file of done videos; name another one, or a new one"
        )

    def _check(self, then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
        differing = [name for name in {**now, **then} if then.get(name) != now.get(name)]
        if differing:
            raise OutputError(
                f"{str(self._path)!r} holds results of another run, with other "
                f"{', '.join(differing)}; give the same options as then, or name a new file"
            )

    def _append(self, content: Mapping[str, Any]) -> None:
        line = json.dumps(content, separators=(",", ":")).encode() + b"\n"
        try:
            self._stream.write(line)
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise unwritable(self._path, error) from error
