"""Projects of BORIS (``.boris``): observations of queued files, and states that begin and end.

In: the JSON. Out: labels by the file that each is in. State events are marked by their begin and,
once more, by their end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor, inf
from typing import Any

from slipdetect.errors import DataError
from slipdetect.lab.prepare.label_formats.label_file import (
    Label,
    LabelFile,
    LabelSet,
    is_object,
    number,
    table,
    texts,
)

NAME = "BORIS"


@dataclass(frozen=True)
class Queue:
    """The files of a player, one after the other.

    Attributes:
        files: Their names.
        begins: Seconds at which each begins, in rising order.
        offset: Seconds that BORIS adds to every time of the observation.
    """

    files: Sequence[str]
    begins: Sequence[float]
    offset: float = 0.0

    @classmethod
    def of_lengths(cls, files: Sequence[str], lengths: Sequence[float], offset: float) -> Queue:
        """Return files of which all but the last, whose length does not matter, have a length."""
        # BORIS counts by whole milliseconds of each
        whole = [floor(round(length * 1000, 3)) / 1000 for length in lengths[: len(files) - 1]]
        return cls(files, list(accumulate(whole, initial=0.0)), offset)

    def pieces(self, start: float, end: float, where: str) -> list[tuple[str, float, float]]:
        """Return file, begin and end in it of every part of a time; a moment is in one file.

        What lies behind the last file's end stays in that, for the reader to refuse.

        Raises:
            DataError: It lies before the first file.
        """
        start, end = start - self.offset, end - self.offset
        found = []
        for file, begin, stop in zip(self.files, self.begins, [*self.begins[1:], inf], strict=True):
            first, final = max(start, begin), min(end, stop)
            if first < final or (start == end and begin <= start < stop):
                found.append((file, first - begin, final - begin))
        if not found:
            raise DataError(
                f"{where} lies {self.begins[0] - start:g} s before the first file; check the time"
                " offset of the observation"
            )
        return found


def recognizes(file: LabelFile) -> bool:
    return is_object(file.json, "observations", "behaviors_conf")


def read(file: LabelFile) -> LabelSet:
    project, found = file.json, LabelSet()
    if not all(isinstance(project[key], dict) for key in ("observations", "behaviors_conf")):
        raise file.broken("its observations or behaviors are no tables")
    states = {
        str(each.get("code"))
        for each in project["behaviors_conf"].values()
        if is_object(each) and "state" in str(each.get("type")).lower()
    }
    for name, observation in project["observations"].items():
        where = f"{file.where} observation {name!r}"
        queue, players = _queue(file, where, observation)
        if players > 1:
            found.notes.append(f"{where}: of {players} players the first one's files are read")
        found.videos += queue.files
        for behavior, start, end in _events(file, where, observation, states):
            place = f"{where}, {behavior} at {start:.10g} s"
            for video, first, last in queue.pieces(start, end, place):
                found.labels.append(Label(place, video, behavior, first, last))
    return found


def _queue(file: LabelFile, where: str, observation: Any) -> tuple[Queue, int]:
    """Return the files of the first player, and the number of players."""
    if not is_object(observation, "events") or not isinstance(observation["events"], list):
        raise file.broken(f"{where} has no events")
    if observation.get("type", "MEDIA") != "MEDIA":
        raise file.broken(f"{where} is of no video ({str(observation['type'])[:40]})")
    used = [names for names in map(texts, table(observation.get("file")).values()) if names]
    if not used:
        raise file.broken(f"{where} names no video")
    info = table(observation.get("media_info"))
    files = used[0]  # the first player is the one that time is counted by
    offset = number(observation.get("time offset")) or 0.0
    if observation.get("media_creation_date_as_offset"):
        dated = _numbers(info.get("media_creation_time"), files)
        if len(dated) < len(files):
            raise file.broken(f"{where} counts from when its files began, and does not tell that")
        dates, names = zip(*sorted(zip(dated, files, strict=True)), strict=True)
        return Queue(names, dates, offset), len(used)
    lengths = _numbers(info.get("length"), files[:-1])
    if len(lengths) < len(files) - 1:
        raise file.broken(
            f"{where} queues {len(files)} files and does not tell how long each is, so that nothing"
            " behind the first can be placed"
        )
    return Queue.of_lengths(files, lengths, offset), len(used)


def _numbers(known: Any, names: Sequence[str]) -> list[float]:
    """Return what a table says of each name, where it says a number."""
    found = [number(table(known).get(name)) for name in names]
    return [each for each in found if each is not None]


def _events(
    file: LabelFile, where: str, observation: Mapping[str, Any], states: set[str]
) -> Iterator[tuple[str, float, float]]:
    """Yield behavior, begin and end; every second mark of a subject's state is an end."""
    begun: dict[tuple[str, str, str], float] = {}
    events = [_event(file, where, event) for event in observation["events"]]
    for time, subject, code, modifier in sorted(events, key=lambda event: event[0]):
        if code not in states:
            yield code, time, time
        elif (start := begun.pop((subject, code, modifier), None)) is not None:
            yield code, start, time
        else:
            begun[subject, code, modifier] = time
    for (_, code, _), time in begun.items():
        raise file.broken(f"{where}: {code!r} begins at {time:g} s and does not end")


def _event(file: LabelFile, where: str, event: Any) -> tuple[float, str, str, str]:
    time = number(event[0]) if isinstance(event, list) and len(event) >= 3 else None
    if time is None:
        raise file.broken(f"{where} has an event without a time")
    modifier = str(event[3]) if len(event) > 3 else ""
    return time, str(event[1]), str(event[2]), modifier
