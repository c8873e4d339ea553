"""Write rendered clips: the video, its truth beside it, and the list of a folder.

In: a ``Clip`` or pictures, and a path. Out: H.264, JSON and CSV files.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from rendering.clip import Clip

FIELDS = ("path", "dataset", "license", "label", "action", "event_start", "event_end", "group")
PLACE_FIELDS = ("scene", "camera_azimuth", "camera_rise")  # of scenes seen from several places


def save_clip(
    clip: Clip, path: Path, quality: int = 21, more: Mapping[str, object] | None = None
) -> None:
    """Write ``path`` as H.264 and the truth, with ``more``, beside it as JSON."""
    scene = clip.scene
    save_video(clip.frames(), path, (scene.width, scene.height), scene.frame_rate, quality)
    truth = {
        "duration": clip.count / scene.frame_rate,
        "frame_rate": scene.frame_rate,
        "events": [
            {"start": round(start, 3), "end": round(end, 3), "label": "slip"}
            for start, end in clip.events
        ],
        "action": scene.action,
        "seed": scene.seed,
        **(more or {}),
    }
    # whole or not at all: that it is there says that the clip is done
    written = path.with_suffix(".json.part")
    written.write_text(json.dumps(truth, indent=2) + "\n")
    written.replace(path.with_suffix(".json"))


def save_video(
    pictures: Iterable[npt.NDArray[np.uint8]],
    path: Path,
    size: tuple[int, int],
    rate: float,
    quality: int,
) -> None:
    """Write pictures ``(height, width, 3)`` RGB of ``size`` (width, height) as H.264."""
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(rate))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(quality), "preset": "medium", "profile": "high"}
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def save_list(
    folder: Path, rows: Iterable[Sequence[object]], fields: Sequence[str] = FIELDS
) -> None:
    """Write the annotation file of a folder; a row has a value for each of ``fields``."""
    with (folder / "clips.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(fields)
        writer.writerows(rows)
