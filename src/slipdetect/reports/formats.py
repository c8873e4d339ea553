"""Events in formats that other programs read: JSON, CSV, ActivityNet's detections, subtitles.

In: ``DetectionResult``s, or a source and why it failed. Out: text with ``\n`` line ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from slipdetect._text import plain_name, printable, timecode
from slipdetect.types.aftermath import what_followed
from slipdetect.types.export import VERSION, json_text, rounded
from slipdetect.types.person import BOX

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult, Event

COLUMNS = (
    "source",
    "id",
    "start_s",
    "end_s",
    "start_timecode",
    "end_timecode",
    "duration_s",
    "score",
    "label",
    "track",
    *BOX,
    "down_for_s",
    "recovered_at_s",
    "file",
    "file_start_s",
    "time_of_day",
)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_QUOTED = frozenset(',"\r\n')

_ACTIVITYNET = "VERSION 1.3"

# WebVTT's own escapes; without ">" no text can hold the arrow between times
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# SubRip has no escapes, and players take tags and braces for commands: lookalikes mean nothing
_LOOKALIKES = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})


def json_report(result: DetectionResult, *, windows: bool = False) -> str:
    """Return one line of JSON, ending in a line feed.

    Args:
        result: What was found.
        windows: Add the probability of every window.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return result.to_json(windows=windows) + "\n"


def json_error(source: str, error: str) -> str:
    """Return the line of a source that could not be read."""
    data = {"version": VERSION, "source": {"name": plain_name(source)}, "error": error}
    return json_text(data) + "\n"


def detect_schema() -> dict[str, Any]:
    """Return the schema that every line of ``json_report`` and ``json_error`` keeps."""
    return _schema("detect.schema.json")


def live_schema() -> dict[str, Any]:
    """Return the schema that every line of a live run keeps."""
    return _schema("live.schema.json")


def _schema(name: str) -> dict[str, Any]:
    text = files("slipdetect.reports").joinpath(name).read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


def csv_report(results: Iterable[DetectionResult]) -> str:
    """Return a whole file: the header, then the events of every result."""
    return csv_header() + "".join(csv_rows(result) for result in results)


def csv_header() -> str:
    """Return the header line."""
    return ",".join(COLUMNS) + "\n"


def csv_rows(result: DetectionResult) -> str:
    """Return a line per event, none when nothing was found; ids count from 1.

    Cells of what is not known of the person are empty.
    """
    source = text_cell(plain_name(result.source))
    lines = []
    for index, event in enumerate(result.events, 1):
        cells = (
            source,
            str(index),
            _number(event.start),
            _number(event.end),
            timecode(event.start),
            timecode(event.end),
            _number(event.end - event.start),
            _number(event.score),
            text_cell(event.label),
            "" if event.track is None else str(event.track),
            *(_cell(side) for side in event.box or (None,) * 4),
            _cell(event.down_for),
            _cell(event.recovered_at),
            "" if event.file is None else text_cell(plain_name(event.file)),
            _cell(event.file_start),
            event.time_of_day or "",
        )
        lines.append(",".join(cells) + "\n")
    return "".join(lines)


def text_cell(value: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, quoted where needed."""
    value = no_formula(value)
    if _QUOTED.isdisjoint(value):
        return value
    return '"' + value.replace('"', '""') + '"'


def no_formula(value: str) -> str:
    """Return ``value``, behind an apostrophe where a spreadsheet would take it for a formula."""
    return "'" + value if value.startswith(_FORMULA_STARTS) else value


def _cell(value: float | None) -> str:
    return "" if value is None else _number(value)


def _number(value: float) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def activitynet_opening() -> str:
    """Return what comes before the first entry."""
    return f'{{"version": {json.dumps(_ACTIVITYNET)}, "external_data": {{}}, "results": {{\n'


def activitynet_entry(name: str, result: DetectionResult) -> str:
    """Return the entry of a video, without the comma and line feed that part entries.

    Args:
        name: Id of the video, its own in the file.
        result: What was found; nothing found gives an empty list.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    events = [
        {
            "label": event.label,
            "score": rounded(event.score),
            "segment": [rounded(event.start), rounded(event.end)],
        }
        for event in result.events
    ]
    return f"{json.dumps(name)}: {json.dumps(events, allow_nan=False)}"


def activitynet_closing() -> str:
    """Return what comes behind the last entry."""
    return "\n}}\n"


def vtt_report(result: DetectionResult) -> str:
    """Return a WebVTT file; without events it is the header alone."""
    cues = (f"{times}\n{text.translate(_ESCAPES)}" for times, text in _cues(result))
    return "\n".join(["WEBVTT\n", *(f"{i}\n{cue}\n" for i, cue in enumerate(cues, 1))])


def srt_report(result: DetectionResult) -> str:
    """Return a SubRip file; without events it is empty, which is valid."""
    cues = (
        f"{times.replace('.', ',')}\n{text.translate(_LOOKALIKES)}" for times, text in _cues(result)
    )
    return "\n".join(f"{i}\n{cue}\n" for i, cue in enumerate(cues, 1))


def milliseconds(event: Event) -> tuple[int, int]:
    """Return when an event begins and ends, in whole milliseconds.

    It takes one at least: a cue that ends as it begins is none, and a video of one frame has such
    an event.
    """
    start = round(event.start * 1000)
    return start, max(round(event.end * 1000), start + 1)


def _cues(result: DetectionResult) -> Iterator[tuple[str, str]]:
    """Yield the times of each cue, and a line of label, score and what followed, not escaped."""
    for event in result.events:
        start, end = milliseconds(event)
        times = f"{timecode(start / 1000)} --> {timecode(end / 1000)}"
        said = f"{printable(event.label)} {event.score:.2f}"
        yield times, ", ".join(filter(None, (said, what_followed(event))))
