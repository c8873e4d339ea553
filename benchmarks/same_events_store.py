"""The file that ``same_events.py`` keeps: a line about the build, and one for each look at a video.

In: a path. Out: a ``Store``, which grows by a line at a time, so that a run can be stopped.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

VERSION = 1
# what computes the numbers
LIBRARIES = ("av", "numpy", "opencv-contrib-python", "timm", "torch")


@dataclass
class Store:
    """What a build found.

    Attributes:
        path: The file.
        build: What ``build`` said when it was begun.
        found: Rows by (video, way).
    """

    path: Path
    build: dict[str, Any]
    found: dict[tuple[str, str], dict[str, Any]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return what a file has; a last line that was cut off is left out."""
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
            head = json.loads(lines[0])
            rows = [json.loads(line) for line in lines[1:-1]]
        except (OSError, ValueError) as error:
            raise SystemExit(f"cannot read {str(path)!r}: {error}; make it with --write") from error
        if not isinstance(head, dict) or head.get("version") != VERSION:
            raise SystemExit(f"{str(path)!r} is no file of --write; make it anew")
        return cls(path, head, {(row.pop("video"), row.pop("way")): row for row in rows})

    @classmethod
    def begin(cls, path: Path, build: dict[str, Any]) -> Self:
        """Begin a file, or go on with one that the same build began."""
        if not path.exists():
            path.write_text(json.dumps(build) + "\n", encoding="utf-8")
            return cls(path, build, {})
        store = cls.read(path)
        for line in store.told_apart(build):
            raise SystemExit(f"cannot go on with {str(path)!r}: {line}; name another file")
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: text.rfind("\n") + 1], encoding="utf-8")
        return store

    def add(self, key: tuple[str, str], row: dict[str, Any]) -> None:
        """Store what was found in a video in a way."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"video": key[0], "way": key[1], **row}) + "\n")
        self.found[key] = row

    def told_apart(self, build: Mapping[str, Any]) -> Iterator[str]:
        """Yield what is otherwise in another build."""
        for key in sorted({*self.build, *build}):
            if self.build.get(key) != build.get(key):
                yield f"{key} was {self.build.get(key)!r}, is {build.get(key)!r}"


@cache
def build() -> dict[str, Any]:
    """Return what looks at the videos: the package's commit, the libraries, the machine."""
    spec = find_spec("slipdetect")
    folder = Path(str(spec.origin)).parent if spec is not None else Path()
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        commit = done.stdout.strip() or None
    except OSError:
        commit = None
    facts = {name: _version(name) for name in LIBRARIES}
    return {"version": VERSION, "commit": commit, "machine": _machine(), **facts}


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _machine() -> str:
    """Return the processor's name and the number of CPUs, without asking the package under test."""
    name = platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        name = next(named, name)
    return f"{name}, {os.cpu_count()} CPUs"
