"""Events as a project of BORIS: an observation a video, a state event of each fall."""

from __future__ import annotations

import json
from itertools import accumulate
from math import floor
from typing import TYPE_CHECKING, Any

from slipdetect._text import printable
from slipdetect.reports.formats import milliseconds
from slipdetect.sinks.names import video_ids
from slipdetect.sinks.parts import parts_of
from slipdetect.sinks.text import TextSink
from slipdetect.types.aftermath import what_followed

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector

_PLAYERS = 8
_STATE = {
    "type": "State event",
    "key": "",
    "description": "",
    "color": "",
    "category": "",
    "modifiers": {},
    "excluded": "",
    "coding map": "",
}


class Boris(TextSink):
    """Observations with the events' begins and ends; written when the last video is done.

    Files of a recording in pieces are queued, over which BORIS counts on by their lengths.
    """

    name = "boris"
    ending = ".boris"
    suffixes = (".boris",)

    def open(self, detector: Detector | None) -> None:
        self._ids = iter(video_ids(self.sources))
        self._observations: dict[str, Any] = {}
        self._labels: dict[str, None] = {}

    def result(self, result: DetectionResult) -> None:
        parts = parts_of(result)
        lengths = [floor(part.length * 1000) for part in parts]
        begins = list(accumulate(lengths, initial=0))

        def queued(time: int) -> float:
            seen = [part.begin * 1000 <= time for part in parts].count(True) - 1
            return (begins[seen] + time - round(parts[seen].later * 1000)) / 1000

        events: list[list[Any]] = []
        for event in result.events:
            label = printable(event.label)
            self._labels[label] = None
            said = ", ".join(filter(None, (f"score {event.score:.2f}", what_followed(event))))
            start, end = milliseconds(event)
            # time, subject, behavior, modifiers, comment, frame
            events += [
                [queued(start), "", label, "", said, "NA"],
                [queued(end), "", label, "", "", "NA"],
            ]
        names, rate = [part.name for part in parts], result.info.frame_rate
        self._observations[next(self._ids)] = {
            "type": "MEDIA",
            "date": "1970-01-01T00:00:00",  # of the recording, which nobody knows
            "description": f"found by slipdetect, model {result.model}",
            "time offset": 0.0,
            "observation time interval": [0, 0],
            "file": {str(n): names if n == 1 else [] for n in range(1, _PLAYERS + 1)},
            "media_info": {
                "length": {
                    name: length / 1000 for name, length in zip(names, lengths, strict=True)
                },
                "fps": {} if rate is None else dict.fromkeys(names, round(rate, 3)),
                "hasVideo": dict.fromkeys(names, True),
                "hasAudio": dict.fromkeys(names, False),
            },
            "events": sorted(events, key=lambda row: float(row[0])),
            "independent_variables": {},
            "visualize_spectrogram": False,
            "visualize_waveform": False,
            "close_behaviors_between_videos": False,
        }

    def failure(self, source: str, error: str) -> None:
        next(self._ids)

    def close(self) -> None:
        codes = list(self._labels) if self._labels else ["slip"]
        project = {
            "time_format": "hh:mm:ss",
            "project_date": "1970-01-01T00:00:00",
            "project_name": "slipdetect",
            "project_description": "",
            "project_format_version": "7.0",
            "subjects_conf": {},
            "behaviors_conf": {str(n): {**_STATE, "code": code} for n, code in enumerate(codes)},
            "behavioral_categories": [],
            "independent_variables": {},
            "coding_map": {},
            "behaviors_coding_map": [],
            "converters": {},
            "observations": self._observations,
        }
        self.write(json.dumps(project, indent=1, allow_nan=False) + "\n")
