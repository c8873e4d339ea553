"""The videos that ``same_events.py`` looks at.

In: a folder to draw in, and the folder of the real clips. Out: paths by name, the same every time.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from synth import add_video, cut, encode, flip_bytes, scene, set_rotation  # noqa: E402

SETS = ("gmdcsa24", "upfall", "urfd")
EXAMPLE = ROOT / "examples" / "slip.mp4"
EXAMPLE_FRAMES, RATE = 250, 25.0
SIZE = (320, 240)
YARD = (576, 432)
YARD_RATE, YARD_FRAMES, WALKERS = 10.0, 150, 9


def all_videos(folder: Path, data: Path) -> dict[str, Path]:
    """Return every video by its name: ``example/...``, ``drawn/...`` and ``SET/...``."""
    return {"example/slip.mp4": EXAMPLE, **drawn(folder), **real(data)}


def real(data: Path) -> dict[str, Path]:
    """Return the clips of the three sets, none where there is no ``clips.csv``."""
    table = data / "clips.csv"
    if not table.is_file():
        print(f"no clips.csv in {data}: no real clips", file=sys.stderr)
        return {}
    with table.open(encoding="utf-8", newline="") as file:
        names = [row["path"] for row in csv.DictReader(file) if row["dataset"] in SETS]
    return {name: data / name for name in names}


def drawn(folder: Path) -> dict[str, Path]:
    """Draw scenes of the tests in many ways of recording them, a busy yard, and two falls."""
    uneven = [i / 10 for i in range(20)] + [2 + i / 50 for i in range(200)]
    kinds: dict[str, dict[str, Any]] = {
        "slip.mp4": {"pictures": "slip", "times": at(RATE, 150)},
        "walk.mp4": {"pictures": "walk", "times": at(RATE, 200)},
        "still.mp4": {"pictures": "still", "times": at(RATE, 150)},
        "tiny.mp4": {"pictures": "slip", "times": at(RATE, 100), "size": (128, 96)},
        "shorter-than-a-window.mp4": {"pictures": "slip", "times": at(RATE, 40)},
        "one-frame.mp4": {"pictures": "still", "times": [0.0]},
        "sixty.mp4": {"pictures": "slip", "times": at(60, 240)},
        "five.mp4": {"pictures": "slip", "times": at(5, 30)},
        "uneven.mp4": {"pictures": "slip", "times": uneven},
        "late.mkv": {"pictures": "slip", "times": [2.5 + time for time in at(RATE, 100)]},
        "odd.mp4": {"pictures": "walk", "times": at(RATE, 100), "size": (321, 241), "fine": True},
        "upright.mp4": {"pictures": "slip", "times": at(RATE, 100), "size": (240, 320)},
        "turned.mp4": {"pictures": "slip", "times": at(RATE, 100)},
        "cut.ts": {"pictures": "slip", "times": at(RATE, 150)},
        "no-index.mp4": {"pictures": "slip", "times": at(RATE, 150)},
        "damaged.ts": {"pictures": "slip", "times": at(RATE, 150)},
        "two-falls.mp4": {"pictures": example_twice(), "times": at(RATE, 2 * EXAMPLE_FRAMES)},
        "yard.mp4": {"pictures": yard(), "times": at(YARD_RATE, YARD_FRAMES)},
    }
    paths = {f"drawn/{name}": save(folder / name, **kind) for name, kind in kinds.items()}
    set_rotation(paths["drawn/turned.mp4"], 90)
    cut(paths["drawn/cut.ts"], 0.5)
    cut(paths["drawn/no-index.mp4"], 0.5)
    flip_bytes(paths["drawn/damaged.ts"], 100, 0.3, 0.7)
    return paths


def at(rate: float, count: int) -> list[float]:
    """Return the times of ``count`` frames, in seconds."""
    return [index / rate for index in range(count)]


def save(
    path: Path,
    pictures: str | Sequence[np.ndarray],
    times: Sequence[float],
    size: tuple[int, int] = SIZE,
    fine: bool = False,
) -> Path:
    """Encode pictures or a scene of the tests, into the same bytes every time."""
    if isinstance(pictures, str):
        pictures = [scene(pictures, time - times[0], *size) for time in times]
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = add_video(container, pictures[0], pix_fmt="yuv444p" if fine else "yuv420p")
        # at a quality instead of a quantizer x264 gives other bytes once in a while
        stream.options = {**stream.options, "qp": "24", "x264-params": "threads=1"}
        encode(container, stream, pictures, times)
    return path


def example_twice() -> list[np.ndarray]:
    """Return the pictures of the example, twice."""
    with av.open(str(EXAMPLE)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    return pictures * 2


def yard() -> list[np.ndarray]:
    """Draw people who walk across a yard in all directions, as a camera on a house sees them."""
    width, height = YARD
    rng = np.random.default_rng(0)
    blocks = rng.integers(90, 150, (9, 12, 3)).astype(np.uint8)
    ground = cv2.resize(blocks, YARD, interpolation=cv2.INTER_CUBIC)
    begin = rng.uniform((0, 0.3 * height), (width, height), (WALKERS, 2))
    angle = rng.uniform(0, 2 * np.pi, WALKERS)
    speed = rng.uniform(20, 45, (WALKERS, 1)) * np.stack([np.cos(angle), 0.5 * np.sin(angle)], 1)
    colors = rng.integers(20, 230, (WALKERS, 3))
    pictures = []
    for time in at(YARD_RATE, YARD_FRAMES):
        picture = ground.copy()
        for number, (x, y) in zip(count(), (begin + time * speed) % YARD):
            _walker(picture, (x, y), 2 * np.pi * time + number, colors[number].tolist())
        noise = rng.normal(0, 2, picture.shape)
        pictures.append(np.clip(picture + noise, 0, 255).astype(np.uint8))
    return pictures


def _walker(picture: np.ndarray, feet: tuple[float, float], phase: float, color: list[int]) -> None:
    x, y = feet
    tall = 25 + y / 8  # nearer people are larger
    hip = (round(x), round(y - 0.45 * tall))
    thick = max(2, round(tall / 12))
    for side in (1, -1):
        foot = (round(x + side * 0.2 * tall * np.sin(phase)), round(y))
        cv2.line(picture, hip, foot, (40, 40, 60), thick)
    trunk, axes = (hip[0], round(y - 0.6 * tall)), (round(tall / 7), round(tall / 4))
    cv2.ellipse(picture, trunk, axes, 0, 0, 360, color, -1)
    cv2.circle(picture, (hip[0], round(y - 0.92 * tall)), thick, (200, 160, 130), -1)
