"""Events as WebVTT, the subtitles of browsers.

In: a ``DetectionResult``. Out: a whole file as text, a cue per event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.cues import cue_time, event_cues

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

# the standard's own escapes; without ">" no text can hold the arrow between times
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def vtt_report(result: DetectionResult) -> str:
    """Return the file; without events it is the header alone."""
    blocks = ["WEBVTT\n"]
    for number, cue in enumerate(event_cues(result), 1):
        times = f"{cue_time(cue.start, '.')} --> {cue_time(cue.end, '.')}"
        blocks.append(f"{number}\n{times}\n{cue.text.translate(_ESCAPES)}\n")
    return "\n".join(blocks)
