"""What a live run tells, as JSON lines for programs or as lines for people.

In: ``LiveEvent``s and a summary. Out: a line of text each, ending in a line feed.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from slipdetect._text import iso_time, printable, timecode
from slipdetect.detection.live import (
    EventFinal,
    EventStarted,
    LiveEvent,
    LiveSummary,
    StillDown,
    UpAgain,
)
from slipdetect.types.aftermath import what_followed
from slipdetect.types.export import event_data, json_text, rounded
from slipdetect.video import Gap
from slipdetect.video.live import Reconnected, Reconnecting, Skipped, Started
from slipdetect.video.live.wall_clock import DRIFT_TOLD, drift_text

if TYPE_CHECKING:
    from slipdetect.types import View

VERSION = 3  # 1 knew nothing of people, 2 of one source only


def live_line(item: LiveEvent, source: str, model: str, now: datetime, view: View = "level") -> str:
    """Return the JSON line of what happened.

    Args:
        item: What happened.
        source: What may be shown of the source's name; every line has it.
        model: Name of the model.
        now: When it is told, with a time zone.
        view: How the camera looks at people.
    """
    data: dict[str, Any] = {"version": VERSION, "camera": source, **_data(item)}
    if isinstance(item, Started):
        data.update(time=iso_time(now), source={"name": source}, model={"name": model})
        if view != "level":
            data["view"] = view
    return json_text(data) + "\n"


def summary_line(summary: LiveSummary, source: str, ended: str) -> str:
    """Return the JSON line that ends the run of a source.

    Args:
        summary: How it went.
        source: As for ``live_line``.
        ended: Why: ``interrupted``, ``end``, ``max_duration`` or ``lost``.
    """
    data = {
        "version": VERSION,
        "camera": source,
        "type": "summary",
        "ended": ended,
        "seconds": rounded(summary.seconds),
        "events": summary.events,
        "frames_seen": summary.frames,
        "decode_failures": summary.failures,
        "sampled": summary.sampled,
        "achieved_fps": rounded(summary.achieved_fps),
        "dropped": summary.dropped,
        "longest_lag": rounded(summary.longest_lag),
        "reconnects": summary.reconnects,
        "drift": rounded(summary.drift),
    }
    return json_text(data) + "\n"


def live_text(item: LiveEvent, camera: str = "") -> str:
    """Return the line for people of what happened; empty for what is told on stderr.

    Args:
        item: What happened.
        camera: Where, if there are several.
    """
    if isinstance(item, EventStarted):
        start, text = item.start, f"onset {item.id}, probability {item.probability:.2f}"
    elif isinstance(item, EventFinal):
        event = item.event
        more = ", interrupted" if event.interrupted else ""
        length = f"{event.end - event.start:.1f} s"
        text = f"{event.label} {item.id}, {length}, score {event.score:.2f}{more}{_followed(item)}"
        start = event.start
    elif isinstance(item, StillDown):
        name = f"{item.event.label} {item.id}"
        start, text = item.event.start, f"{name}, still down after {item.after:g} s"
    elif isinstance(item, UpAgain):
        start, text = item.event.start, f"{item.event.label} {item.id}{_followed(item)}"
    else:
        return ""
    return f"{timecode(start)}  {f'{printable(camera)}: ' if camera else ''}{text}\n"


def state_text(item: LiveEvent) -> str:
    """Return what stderr is told of the source's state; empty where there is nothing to tell."""
    if isinstance(item, Reconnecting):
        return f"reconnecting: it broke off at {timecode(item.at)}, {item.reason}"
    if isinstance(item, Reconnected):
        return f"reconnected at {timecode(item.at)}, {item.gap:.1f} s were not seen"
    if isinstance(item, Skipped):
        lost = f"{item.frames} frames from {timecode(item.start)} to {timecode(item.end)}"
        return f"too slow for this source: skipped {lost}"
    if isinstance(item, Gap):
        where = f"from {timecode(item.start)} to {timecode(item.end)}"
        return f"no pictures {where} ({item.end - item.start:.1f} s)"
    return ""


def summary_text(summary: LiveSummary) -> str:
    """Return in one line how a run went."""
    drifted = f"; {drift_text(summary.drift)}" if abs(summary.drift) > DRIFT_TOLD else ""
    return (
        f"{timecode(summary.seconds)}: {summary.events} event{'' if summary.events == 1 else 's'}; "
        f"{summary.frames} frames seen, {summary.dropped} of {summary.sampled + summary.dropped} "
        f"sampled ones dropped, {summary.achieved_fps:.1f} a second looked at; "
        f"longest lag {summary.longest_lag:.1f} s; "
        f"{summary.reconnects} reconnect{'' if summary.reconnects == 1 else 's'}{drifted}"
    )


def _data(item: LiveEvent) -> dict[str, Any]:
    if isinstance(item, Started):
        size = {"width": item.width, "height": item.height}
        return {"type": "started", **size, "codec": item.codec, "fps_nominal": item.frame_rate}
    if isinstance(item, EventStarted):
        odds = rounded(item.probability)
        when = {"start": rounded(item.start), "time_of_day": item.time_of_day}
        return {"type": "onset", "id": item.id, **when, "probability": odds}
    if isinstance(item, EventFinal):
        return {"type": "event", "id": item.id, "event": event_data(item.event)}
    if isinstance(item, StillDown):
        data = {"id": item.id, "after": rounded(item.after), "event": event_data(item.event)}
        return {"type": "still_down", **data}
    if isinstance(item, UpAgain):
        return {"type": "up_again", "id": item.id, "event": event_data(item.event)}
    if isinstance(item, Reconnecting):
        return {"type": "reconnecting", "at": rounded(item.at), "reason": item.reason}
    if isinstance(item, Reconnected):
        return {"type": "reconnected", "at": rounded(item.at), "gap": rounded(item.gap)}
    span = {"start": rounded(item.start), "end": rounded(item.end)}
    if isinstance(item, Gap):
        return {"type": "gap", **span}
    return {"type": "skipped", **span, "frames": item.frames}


def _followed(item: EventFinal | UpAgain) -> str:
    followed = what_followed(item.event)
    return f", {followed}" if followed else ""
