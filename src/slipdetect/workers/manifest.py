"""What of a list of videos is done: a file that survives a kill, so that the rest can follow."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Generic, Self, TypeVar

from slipdetect._version import __version__
from slipdetect.errors import DataError, OutputError, VideoError
from slipdetect.store.source import SourceIdentity

R = TypeVar("R")


class Manifest(Generic[R]):
    """An open file of done videos; one that is there already is gone on with.

    Args:
        path: The file.
        settings: Plain data on what results depend on, which must be that of the file.
        plain: Makes plain data of a result.
        built: Makes a result of that.

    Raises:
        OutputError: It cannot be written, or its results depend on other settings.
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
        header = {"done_with": json.loads(json.dumps({"slipdetect": __version__, **settings}))}
        try:
            path.touch()
            self._stream: BinaryIO = path.open("r+b")
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            end = self._read(header)
            self._stream.truncate(end)
            self._stream.seek(end)
            if not end:
                self._append(header)
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object = None, error: object = None, *_: object) -> None:
        try:
            self._stream.close()
        except OSError as closing:
            # it tries once more what could not be written, which was told already
            if error is None:
                raise self._unwritable(closing) from closing

    def has(self, name: str) -> bool:
        """Return whether a video has a result and its file has not changed since."""
        if name not in self._places:
            return False
        known, path = SourceIdentity(**self._files[name]), Path(name)
        try:
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
        """Note that a video is done.

        Raises:
            OutputError: The file cannot be written.
        """
        try:
            source = SourceIdentity.of(Path(name))
        except VideoError:
            return  # gone meanwhile: the next run shall say so
        place, file = self._stream.tell(), asdict(source)
        self._append({"source": name, "file": file, "result": self._plain(result)})
        self._places[name], self._files[name] = place, file

    def _read(self, header: Mapping[str, Any]) -> int:
        """Find the rows, and return where the last whole one ends; a kill may have torn one."""
        end = 0
        for line in self._stream:
            if not line.endswith(b"\n"):
                break
            row = self._parsed(line)
            if end == 0:
                self._check(row, header)
            else:
                name = row["source"]
                self._places[name], self._files[name] = end, row["file"]
            end += len(line)
        return end

    def _parsed(self, line: bytes) -> dict[str, Any]:
        try:
            row = json.loads(line)
            if {"done_with"} == set(row) or {"source", "file", "result"} == set(row):
                return dict(row)
        except (ValueError, TypeError):
            pass
        raise DataError(
            f"{str(self._path)!r} is no file of done videos; name another one, or a new one"
        )

    def _check(self, row: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        then, now = row.get("done_with", {}), header["done_with"]
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
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write {str(self._path)!r}: {error.strerror}")
