"""Projects of BORIS (``.boris``): observations of queued files, and states that begin and end.

In: the JSON. Out: labels by the file that each is in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipdetect.lab.prepare.label_formats.label_file import (
    Label,
    LabelFile,
    LabelFormat,
    LabelSet,
    is_object,
    number,
    texts,
)


@dataclass(frozen=True)
class Queue:
    """The files of a player, one after the other.

    Attributes:
        files: Their names.
        lengths: Seconds of each.
        offset: Seconds that BORIS adds to every time of the observation.
    """

    files: Sequence[str]
    lengths: Sequence[float]
    offset: float = 0.0

    def pieces(self, start: float, end: float) -> Iterator[tuple[str, float, float]]:
        """Yield file, begin and end in it of every part of a time; a moment is in one file.

        What lies behind the last file's end stays in that, for the reader to refuse.
        """
        start, end, begin = start - self.offset, end - self.offset, 0.0
        last = len(self.files) - 1
        for index, (file, length) in enumerate(zip(self.files, self.lengths, strict=True)):
            stop = float("inf") if index == last else begin + length
            first, final = max(start, begin), min(end, stop)
            if first < final or (start == end and begin <= start < stop):
                yield file, first - begin, final - begin
            begin += length


class BorisProject(LabelFormat):
    """A project, whose state events are marked by their begin and, once more, by their end."""

    name = "BORIS"

    @classmethod
    def recognizes(cls, file: LabelFile) -> bool:
        return is_object(file.json, "observations", "behaviors_conf")

    @classmethod
    def read(cls, file: LabelFile) -> LabelSet:
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
                for video, first, last in queue.pieces(start, end):
                    place = f"{where}, {behavior} at {start:g} s"
                    found.labels.append(Label(place, video, behavior, first, last))
        return found


def _queue(file: LabelFile, where: str, observation: Any) -> tuple[Queue, int]:
    """Return the files of the first player, and the number of players."""
    if not is_object(observation, "events") or not isinstance(observation["events"], list):
        raise file.broken(f"{where} has no events")
    if observation.get("type", "MEDIA") != "MEDIA":
        raise file.broken(f"{where} is of no video ({str(observation['type'])[:40]})")
    media = observation.get("file")
    players = media.values() if isinstance(media, Mapping) else ()
    used = [names for names in map(texts, players) if names]
    if not used:
        raise file.broken(f"{where} names no video")
    info = observation.get("media_info")
    lengths = info.get("length", {}) if isinstance(info, Mapping) else {}
    files = used[0]  # the first player is the one that time is counted by
    seconds = [number(lengths.get(name)) for name in files[:-1]]
    if None in seconds:
        raise file.broken(
            f"{where} queues {len(files)} files and does not tell how long each is, so that nothing"
            " behind the first can be placed"
        )
    known = [each for each in seconds if each is not None]
    offset = number(observation.get("time offset")) or 0.0
    return Queue(files, [*known, 0.0], offset), len(used)


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
