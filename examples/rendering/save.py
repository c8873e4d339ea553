"""Write a rendered clip: the video, and its truth beside it.

In: a ``Clip`` and a path. Out: H.264 and JSON files.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av

from rendering.clip import Clip


def save_clip(clip: Clip, path: Path, quality: int = 21) -> None:
    """Write ``path`` as H.264 and the truth beside it as JSON."""
    scene = clip.scene
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(scene.frame_rate))
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        stream.options = {"crf": str(quality), "preset": "medium", "profile": "high"}
        for picture in clip.frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    truth = {
        "duration": clip.count / scene.frame_rate,
        "frame_rate": scene.frame_rate,
        "events": [
            {"start": round(start, 3), "end": round(end, 3), "label": "slip"}
            for start, end in clip.events
        ],
        "action": scene.action,
        "seed": scene.seed,
    }
    # whole or not at all: that it is there says that the clip is done
    written = path.with_suffix(".json.part")
    written.write_text(json.dumps(truth, indent=2) + "\n")
    written.replace(path.with_suffix(".json"))
