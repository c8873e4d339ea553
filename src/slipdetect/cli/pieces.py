"""Recordings in pieces: which of the files that the user named belong together.

In: files, folders, patterns, lists. Out: a ``Job`` per recording, and the files of each.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from slipdetect.cli.sources import Job, expand
from slipdetect.video.playlist import is_playlist

_NUMBER = re.compile(r"(\d+)")
_ENDS = " -_.([{"  # of what names of pieces have in common


def expand_joined(
    sources: Iterable[str], order: str = "name"
) -> tuple[list[Job], dict[str, list[str]]]:
    """Return a job for each recording that ``sources`` mean, and the files of those in pieces.

    A folder, a pattern, a list and a playlist is a recording each; all single files together are
    one, since a shell spells patterns out.

    Args:
        sources: What the user named.
        order: ``"name"`` (numbers in names by their value) or ``"time"`` (last change) of files.
    """
    jobs: list[Job] = []
    groups: dict[str, list[str]] = {}
    for source in sources:
        found = expand([source])
        if is_playlist(source):
            jobs += found
            continue
        jobs += [job for job in found if job.error is not None]
        files = [job.source for job in found if job.error is None]
        groups.setdefault("" if files == [source] else source, []).extend(files)
    pieces: dict[str, list[str]] = {}
    for source, files in groups.items():
        files.sort(key=_by_name if order == "name" else _by_time)
        if len(files) == 1:
            jobs.append(Job(files[0]))
        elif files:
            name = _unlike(_camera(source, files), pieces)
            pieces[name] = files
            jobs.append(Job(name))
    return jobs, pieces


def _by_name(file: str) -> tuple[tuple[int, int, str], ...]:
    """Order numbers in names by their value: cam-2 before cam-10."""
    parts = _NUMBER.split(file)
    return tuple((i % 2, int(part) if i % 2 else 0, part) for i, part in enumerate(parts))


def _by_time(file: str) -> tuple[float, tuple[tuple[int, int, str], ...]]:
    try:
        return Path(file).stat().st_mtime, _by_name(file)
    except (OSError, ValueError):
        return 0.0, _by_name(file)


def _camera(source: str, files: Sequence[str]) -> str:
    """Return what a recording in pieces is called: as they begin, or as their folder."""
    if source and Path(source).is_dir():
        place = Path(source)
        return str(place) if place.stem else place.resolve().name or "recording"
    if source.startswith("@"):
        return str(Path(source[1:]).with_suffix(""))
    if source and glob.has_magic(source):
        start = re.split(r"[*?[]", source, maxsplit=1)[0]
    else:
        names = [Path(file).with_suffix("") for file in files]
        same = os.path.commonprefix(list(map(str, names)))  # noqa: RUF071 - characters are meant
        start = same.rstrip("0123456789")
        if len({name.parent for name in names}) > 1:
            start = names[0].name
    folder, _, stem = start.rpartition("/")
    stem = stem.rstrip(_ENDS)
    whole = f"{folder}/{stem}" if folder and stem else folder or stem
    return whole or Path.cwd().name or "recording"


def _unlike(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    found = name
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found
