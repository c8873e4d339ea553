"""Events as tasks of Label Studio: predictions on the timeline of a video."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from slipdetect._text import printable
from slipdetect.sinks.parts import parts_of
from slipdetect.sinks.text import TextSink

if TYPE_CHECKING:
    from slipdetect.detection import DetectionResult, Detector

_RATE = 25.0  # where the video does not say one


class LabelStudio(TextSink):
    """A task a file; frame numbers count by its ``fps``, as ``frameRate="$fps"`` says there."""

    name = "labelstudio"
    ending = ".labelstudio.json"

    def open(self, detector: Detector | None) -> None:
        self._opening = "[\n"

    def result(self, result: DetectionResult) -> None:
        rate = _RATE if result.info.frame_rate is None else result.info.frame_rate
        for part in parts_of(result):
            found = []
            for number, event in enumerate(result.events, 1):
                if event.start >= part.stop or event.end <= part.begin:
                    continue
                first = max(event.start, part.begin) - part.later
                last = min(event.end, part.stop) - part.later
                start = max(round(first * rate), 1)  # the editor knows no frame before
                end = max(round(last * rate), start + 1)
                found.append(
                    {
                        "id": f"event-{number}",
                        "from_name": "events",
                        "to_name": "video",
                        "type": "timelinelabels",
                        "score": round(float(event.score), 6),
                        "value": {
                            "ranges": [{"start": start, "end": end}],
                            "timelinelabels": [printable(event.label)],
                        },
                    }
                )
            task: dict[str, Any] = {
                "data": {"video": part.name, "fps": rate},
                "predictions": [{"model_version": result.model, "result": found}],
            }
            self.write(self._opening + json.dumps(task, allow_nan=False))
            self._opening = ",\n"

    def close(self) -> None:
        self.write("\n]\n" if self._opening != "[\n" else "[]\n")
