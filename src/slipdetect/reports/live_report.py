"""What a live run tells, as JSON lines for programs or as lines for people.

In: notes and a summary. Out: a line of text each, ending in a line feed.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipdetect._text import timecode
from slipdetect.detection.live import EventFinal, EventStarted, LiveEvent, LiveSummary
from slipdetect.types.export import event_data
from slipdetect.video.live import Reconnected, Reconnecting, Skipped, Started

if TYPE_CHECKING:
    from slipdetect.types import Event

VERSION = 1


def live_line(note: LiveEvent, source: str, model: str, now: datetime) -> str:
    """Return the JSON line of a note.

    Args:
        note: What happened.
        source: What may be shown of the source's name.
        model: Name of the model.
        now: When it is told, with a time zone.
    """
    data: dict[str, Any] = {"version": VERSION, **_data(note)}
    if isinstance(note, Started):
        # the first frame has just come, so a time of an event is this one and its seconds
        data.update(time=_iso(now), source={"name": source}, model={"name": model})
    return _line(data)


def summary_line(summary: LiveSummary, ended: str) -> str:
    """Return the JSON line that ends a run.

    Args:
        summary: How it went.
        ended: Why: ``interrupted``, ``end``, ``max_duration`` or ``lost``.
    """
    return _line(
        {
            "version": VERSION,
            "type": "summary",
            "ended": ended,
            "seconds": _round(summary.seconds),
            "events": summary.events,
            "frames_seen": summary.frames,
            "decode_failures": summary.failures,
            "sampled": summary.sampled,
            "achieved_fps": _round(summary.achieved_fps),
            "dropped": summary.dropped,
            "longest_lag": _round(summary.longest_lag),
            "reconnects": summary.reconnects,
        }
    )


def live_text(note: LiveEvent) -> str:
    """Return the line of a note for people; empty for what is told on stderr."""
    if isinstance(note, EventStarted):
        return f"{timecode(note.start)}  onset {note.id}, probability {note.probability:.2f}\n"
    if isinstance(note, EventFinal):
        return f"{timecode(note.event.start)}  {_event_text(note)}\n"
    return ""


def state_text(note: LiveEvent) -> str:
    """Return what stderr is told of the source's state; empty where there is nothing to tell."""
    if isinstance(note, Reconnecting):
        return f"reconnecting: it broke off at {timecode(note.at)}, {note.reason}"
    if isinstance(note, Reconnected):
        return f"reconnected at {timecode(note.at)}, {note.gap:.1f} s were not seen"
    if isinstance(note, Skipped):
        lost = f"{note.frames} frames from {timecode(note.start)} to {timecode(note.end)}"
        return f"too slow for this source: skipped {lost}"
    return ""


def summary_text(summary: LiveSummary) -> str:
    """Return in one line how a run went."""
    return (
        f"{timecode(summary.seconds)}: {summary.events} event{'' if summary.events == 1 else 's'}; "
        f"{summary.frames} frames seen, {summary.dropped} of {summary.sampled + summary.dropped} "
        f"sampled ones dropped, {summary.achieved_fps:.1f} a second looked at; "
        f"longest lag {summary.longest_lag:.1f} s; "
        f"{summary.reconnects} reconnect{'' if summary.reconnects == 1 else 's'}"
    )


def _data(note: LiveEvent) -> dict[str, Any]:
    if isinstance(note, Started):
        size = {"width": note.width, "height": note.height}
        return {"type": "started", **size, "codec": note.codec, "fps_nominal": note.frame_rate}
    if isinstance(note, EventStarted):
        odds = _round(note.probability)
        return {"type": "onset", "id": note.id, "start": _round(note.start), "probability": odds}
    if isinstance(note, EventFinal):
        return {"type": "event", "id": note.id, "event": event_data(note.event)}
    if isinstance(note, Reconnecting):
        return {"type": "reconnecting", "at": _round(note.at), "reason": note.reason}
    if isinstance(note, Reconnected):
        return {"type": "reconnected", "at": _round(note.at), "gap": _round(note.gap)}
    span = {"start": _round(note.start), "end": _round(note.end)}
    return {"type": "skipped", **span, "frames": note.frames}


def _event_text(note: EventFinal) -> str:
    event: Event = note.event
    more = ", interrupted" if event.interrupted else ""
    length = event.end - event.start
    return f"{event.label} {note.id}, {length:.1f} s, score {event.score:.2f}{more}"


def _iso(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _round(value: float) -> float:
    return round(float(value), 6) + 0.0


def _line(data: dict[str, Any]) -> str:
    return json.dumps(data, ensure_ascii=True, allow_nan=False) + "\n"
