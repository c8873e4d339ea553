"""The events of one source as a table for a terminal.

In: a ``DetectionResult``. Out: lines of text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._text import printable, timecode

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

NOTHING_FOUND = "no slip found"


def event_table(result: DetectionResult, *, windows: bool = False) -> str:
    """Return the name of the source, what was odd about it, and a row per event.

    Args:
        result: What was found.
        windows: Add the probability of every window.
    """
    notes = quality_notes(result)
    odd = f"  ({', '.join(notes)})" if notes else ""
    lines = [f"{printable(result.source)}  {result.duration:.1f} s{odd}", ""]
    lines += _events(result) if result.events else [f"  {NOTHING_FOUND}{_highest(result)}"]
    if windows:
        lines += ["", *_windows(result)]
    return "\n".join(lines) + "\n"


def quality_notes(result: DetectionResult) -> list[str]:
    """Return in a word each why a result rests on less than it should."""
    return list(result.quality_flags)


def _events(result: DetectionResult) -> list[str]:
    lines = [f"  {'#':>3}  {'start':<12}  {'end':<12}  {'peak':<12}  {'length':>8}  score  label"]
    for index, event in enumerate(result.events, 1):
        length = f"{event.end - event.start:.1f} s"
        lines.append(
            f"  {index:>3}  {timecode(event.start)}  {timecode(event.end)}  "
            f"{timecode(event.peak)}  {length:>8}  {event.score:>5.2f}  {printable(event.label)}"
        )
    return lines


def _highest(result: DetectionResult) -> str:
    """Say how near the clip came to an event."""
    if not result.windows:
        return ""
    best = max(result.windows, key=lambda window: window.probability)
    return f" (highest probability {best.probability:.2f} at {timecode(best.center)})"


def _windows(result: DetectionResult) -> list[str]:
    streams = list(result.windows[0].streams) if result.windows else []
    names = "".join(f"  {name:>8}" for name in streams) if len(streams) > 1 else ""
    lines = [f"  {'window':<12}  {'to':<12}  probability{names}"]
    for window in result.windows:
        each = "".join(f"  {window.streams[name]:>8.3f}" for name in streams) if names else ""
        damaged = "  damaged" if window.corrupt else ""
        lines.append(
            f"  {timecode(window.start)}  {timecode(window.end)}  "
            f"{window.probability:>11.3f}{each}{damaged}"
        )
    return lines
