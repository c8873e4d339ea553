"""Events as SubRip, the subtitles that every player reads.

In: a ``DetectionResult``. Out: a whole file as text, a cue per event.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.reports.cues import cue_time, event_cues

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult

# SubRip has no escapes, and players take tags and braces for commands: lookalikes mean nothing
_LOOKALIKES = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})


def srt_report(result: DetectionResult) -> str:
    """Return the file; without events it is empty, which is valid."""
    blocks = []
    for number, cue in enumerate(event_cues(result), 1):
        times = f"{cue_time(cue.start, ',')} --> {cue_time(cue.end, ',')}"
        blocks.append(f"{number}\n{times}\n{cue.text.translate(_LOOKALIKES)}\n")
    return "\n".join(blocks)
