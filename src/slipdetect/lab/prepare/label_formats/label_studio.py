"""Label Studio's JSON: timelines of videos in frame numbers, and labels of their sound in seconds.

In: an export (JSON), or JSON_MIN. Out: labels. The editor takes a time as frame number through the
frame rate of the labeling configuration, whatever the video has, so that has to be given. Canceled
annotations, and tasks without any, are of nobody who looked. Predictions count in tasks that nobody
could annotate yet, as ``detect`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from slipdetect._text import named
from slipdetect.errors import DataError
from slipdetect.lab.prepare.label_formats.label_file import (
    Label,
    LabelFile,
    LabelSet,
    is_object,
    listed,
    number,
    table,
    texts,
)

NAME = "Label Studio"

_LABELS = "timelinelabels"
_TIMED = frozenset({"start", "end", "ranges", "sequence"})
# of JSON_MIN: what stands behind the results of a task
_ABOUT = frozenset({"annotator", "annotation_id", "created_at", "updated_at", "lead_time"})


def recognizes(file: LabelFile) -> bool:
    tasks = file.json if isinstance(file.json, list) else [file.json]
    return bool(tasks) and all(
        is_object(task, "data", "annotations")
        or is_object(task, "data", "predictions")
        or _minimal(task)
        for task in tasks
    )


def read(file: LabelFile) -> LabelSet:
    found, unseen = LabelSet(), 0
    for task in file.json if isinstance(file.json, list) else [file.json]:
        where = f"{file.where} task {task.get('id')}"
        if not _annotated(task):
            unseen += 1
            continue
        video = _video(task.get("data", task))
        if video is None:
            raise file.broken(f"{where} names no video")
        found.videos.append(video)
        for track, value in _values(file, where, video, task):
            found.labels += _labels(file, where, video, track, value)
    if not found.videos:
        raise DataError(f"{file.where}: nobody has labeled any of its tasks; label some")
    if unseen:
        many = "1 task that nobody has" if unseen == 1 else f"{unseen} tasks that nobody has"
        found.notes.append(f"{file.where}: passed by {many} labeled")
    return found


def _annotated(task: Mapping[str, Any]) -> bool:
    """Return whether somebody has looked at what a task shows, if only to find nothing."""
    return "annotations" not in task or any(_counts(each) for each in listed(task["annotations"]))


def _counts(annotation: Any) -> bool:
    return is_object(annotation, "result") and not annotation.get("was_cancelled")


def _minimal(task: Any) -> bool:
    """Return whether a task is one of JSON_MIN: its values lie beside its data."""
    return is_object(task, *_ABOUT) or (
        is_object(task, "id")
        and any(
            is_object(each, "ranges", _LABELS) for value in task.values() for each in listed(value)
        )
    )


def _video(data: Any) -> str | None:
    """Return what the task shows: the value called video, or the only text."""
    written = {key: value for key, value in table(data).items() if isinstance(value, str)}
    usual = [written[key] for key in ("video", "video_url", "url", "audio") if key in written]
    return next(iter([*usual, *written.values()]), None)


def _values(
    file: LabelFile, where: str, video: str, task: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what was labeled in a task, each with the name of its control."""
    if "annotations" not in task and "predictions" not in task:
        yield from _minimal_values(file, where, video, task)
        return
    for annotation in filter(_counts, listed(task.get("annotations", task.get("predictions")))):
        for result in listed(annotation["result"]):
            if is_object(result, "value") and isinstance(result["value"], Mapping):
                yield str(result.get("from_name", "")), result["value"]


def _minimal_values(
    file: LabelFile, where: str, video: str, task: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the values of a task of JSON_MIN: data, id, results and facts stand in this order."""
    names = list(task)
    behind = names[names.index("id") + 1 :] if "id" in task else names
    results = list(takewhile(lambda name: name not in _ABOUT, behind))
    # a single choice is its text only
    written = [name for name in results if isinstance(task[name], str) and task[name] != video]
    if video in (task[name] for name in results) and len(written) > 1:
        raise file.broken(
            f"{where} does not tell which of {named(written)} is data and which a choice; the"
            " format JSON does"
        )
    for name, value in task.items():
        if name in written:
            yield name, {"choices": [value]}
        for each in value if isinstance(value, list) else [value]:
            if is_object(each):
                yield name, each


def _labels(
    file: LabelFile, where: str, video: str, track: str, value: Mapping[str, Any]
) -> Iterator[Label]:
    for name in texts(value.get(_LABELS)):
        for each in listed(value.get("ranges")):
            start, end = number(table(each).get("start")), number(table(each).get("end"))
            if start is None or end is None:
                raise file.broken(f"{where} has a range without a begin or an end")
            if file.frame_rate is None:
                raise DataError(
                    f"{where}: Label Studio writes frame numbers and not the frame rate that they"
                    " count by; pass --frame-rate, that of <Video frameRate=...> in the labeling"
                    " configuration (24 where it has none)"
                )
            start, end = start / file.frame_rate, end / file.frame_rate
            yield Label(where, video, name, start, end, track=track)
    for name in texts(value.get("labels")):
        start, end = number(value.get("start")), number(value.get("end"))
        if start is not None and end is not None:
            yield Label(where, video, name, start, end, track=str(value.get("channel", track)))
        elif "sequence" in value:  # a box that moves: the frames between its ends are not told
            yield Label(where, video, name, None, None, track=track)
    if not _TIMED.intersection(value):  # choices may also be made for each label
        for name in texts(value.get("choices")):
            yield Label(where, video, name, None, None, track=track, whole=True)
