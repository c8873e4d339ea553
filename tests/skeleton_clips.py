"""Clips of skeletons in which somebody falls or walks, drawn in milliseconds.

In: a folder. Out: skeleton files and an annotation file that lists them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from people_seen import person_at
from slipdetect.people.skeletons import Skeletons
from slipdetect.types.person import Person

FALL = (1.6, 2.6)
SIZE = (320, 240)


def somebody(falls: bool, time: float, random: np.random.Generator) -> Person:
    """Return a person who walks, or tips over within ``FALL``."""
    down = min(max((time - FALL[0]) / (FALL[1] - FALL[0]), 0.0), 1.0) if falls else 0.0
    width, height = 30 + 60 * down, 90 - 60 * down
    left, bottom = 60 + 20 * time + random.normal(), 200 + random.normal()
    return person_at(left, bottom - height, left + width, bottom)


def skeletons(falls: bool, seed: int, rate: float = 5.0, seconds: float = 4.0) -> Skeletons:
    """Return the people of one clip."""
    random = np.random.default_rng(seed)
    times = [k / rate for k in range(round(seconds * rate) + 1)]
    return Skeletons(times, [[somebody(falls, t, random)] for t in times], *SIZE)


def write_clips(
    folder: Path, each: int = 4, rate: float = 5.0, dataset: str = "drawn", first: int = 0
) -> Path:
    """Write ``each`` clips with a fall and as many without one; return their annotation file."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = ["path,label,start,end,group,dataset"]
    for seed in range(first, first + 2 * each):
        falls = seed % 2 == 0
        skeletons(falls, seed, rate).save(folder / f"{seed}.npz", overwrite=True)
        label = f"fall,{FALL[0]},{FALL[1]}" if falls else "other,,"
        rows.append(f"{seed}.npz,{label},{dataset}-{seed},{dataset}")
    file = folder / "clips.csv"
    file.write_text("\n".join(rows) + "\n")
    return file
