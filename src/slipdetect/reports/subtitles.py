"""Events as subtitles: WebVTT, which browsers read, and SubRip, which every player reads.

In: a ``DetectionResult``. Out: a whole file as text, a cue per event, right to the millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from slipdetect._text import printable, timecode

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult

# the standard's own escapes; without ">" no text can hold the arrow between times
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# SubRip has no escapes, and players take tags and braces for commands: lookalikes mean nothing
_LOOKALIKES = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})


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


def _cues(result: DetectionResult) -> Iterator[tuple[str, str]]:
    """Yield the times of each cue, and one line of label and score, not yet escaped."""
    for event in result.events:
        start = round(event.start * 1000)
        # a cue that ends as it begins is no cue; a video of one frame has such an event
        end = max(round(event.end * 1000), start + 1)
        times = f"{timecode(start / 1000)} --> {timecode(end / 1000)}"
        yield times, f"{printable(event.label)} {event.score:.2f}"
