"""Exports of BORIS: aggregated events, a row each, and tabular events, a row a begin or an end.

In: TSV or CSV with BORIS's columns. Out: labels by the file that each is in. Either names the file
that an event begins in, at a time of the whole queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PureWindowsPath

from slipdetect._tables import Table
from slipdetect.errors import DataError
from slipdetect.lab.prepare.label_formats.boris_project import Queue
from slipdetect.lab.prepare.label_formats.label_file import Label, LabelFile, LabelSet, number
from slipdetect.video.multipart import FIRST_DATE

NAME = "BORIS"

_AGGREGATED = {"behavior", "start_(s)", "stop_(s)", "media_file_name"}
_TABULAR = {"behavior", "behavior_type", "time", "media_file_name"}
_FILES, _LENGTHS, _OFFSET = "source", "media_duration_(s)", "time_offset_(s)"

Cells = Mapping[str, str]


def recognizes(file: LabelFile) -> bool:
    head = "\n".join(file.lines[:1])
    columns = set(_table(file, head).columns) if "ehavior" in head else set()
    return columns >= _AGGREGATED or columns >= _TABULAR


def read(file: LabelFile) -> LabelSet:
    found = LabelSet()
    table = _table(file, file.text)
    aggregated = set(table.columns) >= _AGGREGATED
    begun: dict[tuple[str, ...], float] = {}
    for line, cells in table:
        where = f"{file.where} line {line}"
        key = tuple(cells.get(name, "") for name in ("observation_id", "subject", "behavior"))
        if aggregated:
            start, end = number(cells["start_(s)"]), number(cells["stop_(s)"])
        else:
            modifiers = [cell for name, cell in cells.items() if name.startswith("modifier")]
            times = _closed(cells, (*key, *modifiers), begun, where)
            if times is None:
                continue
            start, end = times
        if start is None or end is None:
            raise DataError(f"{where} has no time in seconds; export it as seconds")
        queue = _queue(cells, start, where)
        found.videos += queue.files
        for video, first, last in queue.pieces(start, end, where):
            found.labels.append(Label(where, video, key[2], first, last))
    for (_, _, behavior, *_), time in begun.items():
        raise file.broken(f"{behavior!r} begins at {time:g} s and does not end")
    return found


def _table(file: LabelFile, text: str) -> Table:
    return Table(text.splitlines(keepends=True), file.where)


def _closed(
    cells: Cells, key: tuple[str, ...], begun: dict[tuple[str, ...], float], where: str
) -> tuple[float, float] | None:
    """Return begin and end of an event whose last row this is, None where it only begins."""
    time, kind = number(cells["time"]), cells["behavior_type"].upper()
    if time is None:
        raise DataError(f"{where}: time {cells['time'][:40]!r} is not seconds; export as seconds")
    if kind == "POINT":
        return time, time
    if kind == "START":
        begun[key] = time
        return None
    if kind == "STOP" and key in begun:
        return begun.pop(key), time
    raise DataError(f"{where}: {cells['behavior']!r} ends without having begun; mend the rows")


def _queue(cells: Cells, start: float, where: str) -> Queue:
    """Return the files of the row's observation, of which BORIS names the one of ``start``."""
    offset = number(cells.get(_OFFSET)) or 0.0
    own = cells["media_file_name"]
    if start - offset >= FIRST_DATE:  # no observation is as long
        raise DataError(
            f"{where} counts from when its file began (BORIS's 'media creation date as offset'),"
            " which exports do not tell; give the project"
        )
    # players are parted by "|", their files by ";"
    lengths = [number(each) for each in cells.get(_LENGTHS, "").split("|")[0].split(";")]
    listed = cells.get(_FILES, "").split("|")[0].removeprefix("player #1:").split(";")
    files = [name.strip() for name in listed if name.strip()]
    if len(files) == len(lengths) and None not in lengths:
        known = [each for each in lengths if each is not None]
        return Queue.of_lengths(files, known, offset)
    if len(lengths) == 1 and [_name(file) for file in files] == [_name(own)]:
        return Queue.of_lengths([own], [], offset)
    # columns that were left out say nothing of how many files were queued
    raise DataError(
        f"{where}: nothing tells where in its observation {own[:80]!r} begins (at {start:g} s BORIS"
        " has counted all queued files); export with 'Source' and 'Media duration (s)', or give the"
        " project"
    )


def _name(file: str) -> str:
    # it takes both kinds of slashes
    return PureWindowsPath(file).name
