"""Put clips of one person beside and above each other: busy pictures of small people to train on.

In: a folder that ``render_set.py`` made. Out: H.264 clips and a ``clips.csv``, labeled likewise: a
mosaic shows a fall where one of its cells does.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
from rendering.save import save_list, save_video

WIDTH, HEIGHT, RATE = 480, 360, 10
SECONDS = 5.0
WALKING = 0.5  # share of the cells in which somebody walks, as most people in a crowd do

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """A clip of one person: its file, what is done in it, and when somebody falls."""

    path: Path
    action: str
    event: tuple[float, float] | None


def read_parts(folder: Path, first: int) -> list[Part]:
    """Return the first clips of a folder's list."""
    with (folder / "clips.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))[:first]
    return [
        Part(
            folder / row["path"],
            row["action"],
            (float(row["event_start"]), float(row["event_end"])) if row["event_start"] else None,
        )
        for row in rows
    ]


def read_frames(path: Path) -> Frames:
    """Return the frames of a clip, ``(frames, height, width, 3)`` RGB uint8."""
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def cell(frames: Frames, start: int, size: tuple[int, int], mirrored: bool) -> Frames:
    """Return ``SECONDS`` of a clip from frame ``start``, as large as a cell (width, height)."""
    count = round(SECONDS * RATE)
    chosen = np.minimum(np.arange(start, start + count), len(frames) - 1)
    step = -1 if mirrored else 1
    return np.stack(
        [
            cv2.resize(frames[index][:, ::step], size, interpolation=cv2.INTER_AREA)
            for index in chosen
        ]
    )


def mosaic(
    parts: Sequence[Part], number: int, seed: int, falls: float
) -> tuple[Frames, str, tuple[float, float] | None]:
    """Return the frames of mosaic ``number``, the action of its fall or "busy", and the event."""
    rng = np.random.default_rng([seed, number, 7])
    side = int(rng.choice([2, 3]))
    size = (WIDTH // side, HEIGHT // side)
    walks = [part for part in parts if part.action == "walk"]
    others = [part for part in parts if part.event is None]
    falling = [part for part in parts if part.event is not None]
    cells = []
    place = int(rng.integers(side * side)) if rng.uniform() < falls else None
    action, event = "busy", None
    for index in range(side * side):
        pool = walks if rng.uniform() < WALKING else others
        if index == place:
            pool = falling
        part = pool[int(rng.integers(len(pool)))]
        frames = read_frames(part.path)
        latest = max(len(frames) - round(SECONDS * RATE), 0)
        start = int(rng.integers(latest + 1))
        if part.event is not None:
            # from two seconds before the fall at the most, so that it is inside
            start = min(start, max(round((part.event[0] - 1.0) * RATE), 0))
            action = part.action
            event = (part.event[0] - start / RATE, part.event[1] - start / RATE)
        cells.append(cell(frames, start, size, bool(rng.uniform() < 0.5)))
    rows = [np.concatenate(cells[side * r : side * (r + 1)], axis=2) for r in range(side)]
    return np.concatenate(rows, axis=1), action, event


def main(arguments: list[str] | None = None) -> int:
    """Make the mosaics that are missing, then write the annotation file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, help="folder that render_set.py made")
    parser.add_argument("out", type=Path, help="folder for the mosaics")
    parser.add_argument("--count", type=int, default=60, help="mosaics")
    parser.add_argument("--first", type=int, default=120, help="clips of the folder to take")
    parser.add_argument("--falls", type=float, default=0.45, help="share with a fall")
    parser.add_argument("--seed", type=int, default=0, help="of every draw")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    parts = read_parts(chosen.clips, chosen.first)
    rows = []
    for number in range(chosen.count):
        name = f"{chosen.seed}-{number:04d}.mp4"
        truth = (chosen.out / name).with_suffix(".json")
        if not truth.exists():
            frames, action, event = mosaic(parts, number, chosen.seed, chosen.falls)
            size = (frames.shape[2], frames.shape[1])
            save_video(frames, chosen.out / name, size, RATE, quality=23)
            # last, because that it is there says that the mosaic is done
            truth.write_text(json.dumps({"action": action, "event": event}) + "\n")
        found = json.loads(truth.read_text())
        start, end = (round(t, 3) for t in found["event"]) if found["event"] else ("", "")
        label = "fall" if found["event"] else "other"
        rows.append((name, "mosaic", "Apache-2.0", label, found["action"], start, end, "mosaics"))
    save_list(chosen.out, rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
